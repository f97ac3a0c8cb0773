protocol spamd
title    "SpamAssassin daemon"
source   "https://svn.apache.org/repos/asf/spamassassin/trunk/spamd/PROTOCOL"
ports    783

probe spamd
    send "PING SPAMC/1.5\r\n\r\n"

rule status rank 92
    pattern /SPAMD\/(?<proto_version>[0-9]\.[0-9]) [0-9]{1,3} [^\r\n]*\r?\n/

accept "SPAMD/1.5 0 PONG\r\n" as status proto_version "1.5" from "SpamAssassin 4.0"
accept "SPAMD/1.0 76 Bad header line: GET / HTTP/1.1\r\n"
reject "SPAMD/1.5\r\n"
reject "SPAMC/1.5 0 PONG\r\n"
