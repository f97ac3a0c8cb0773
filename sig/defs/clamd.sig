protocol clamd
title    "ClamAV daemon"
source   "clamd(8), COMMANDS"
ports    3310

probe clamd
    send "zVERSION" [00]

rule version rank 90
    pattern /ClamAV (?<version>[0-9]+\.[0-9][^\/\x00\n]*)(?:\/[^\x00\n]*)?[\x00\n]/
    set product "ClamAV"

rule pong rank 50
    answers clamd
    start "PONG" [00]

rule unknown rank 84
    pattern /UNKNOWN COMMAND[\n\x00]/

accept "ClamAV 1.4.6" [00] answers clamd as version product "ClamAV" version "1.4.6"
accept "ClamAV 0.103.8/26800/Mon Feb  6\n" version "0.103.8"
accept "UNKNOWN COMMAND\n" as unknown from "ClamAV 1.4, to GET / HTTP/1.1"
accept "PONG" [00] answers clamd as pong
reject "UNKNOWN COMMAND\r\n"
reject "ClamAV\n"
