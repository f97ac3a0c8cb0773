protocol gopher
title    "Gopher"
source   "RFC 1436 sections 3.1 to 3.9"
ports    70

probe gopher
    send "\r\n"

# A menu line: type, name, selector, host and port between tabs.
rule menu rank 88
    pattern /(?:[0-9+TgIhis;][^\t\r\n]{0,120}\t[^\t\r\n]{0,255}\t(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+|[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]+|localhost|fake|null|\(?NULL\)?|\(null\))\t[0-9]{1,5}(?:\t[+!?]?)?\r?\n)/

rule error rank 90
    pattern /3[^\t\r\n]{1,120}\t[^\t\r\n]{0,255}\terror\.(?:host|file)\t[0-9]/

accept "iWelcome\tfake\t(NULL)\t0\r\n0About\t/about.txt\tgopher.example.org\t70\r\n.\r\n" as menu answers gopher
accept "3'/x' does not exist!\t\terror.host\t1\r\n" as error
reject "0About\t/about.txt\r\n"
reject "8\tx\t24\t56\r\n"
reject "1\t2\t3\r\n"
