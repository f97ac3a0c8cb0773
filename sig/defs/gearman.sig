protocol gearman
title    "Gearman job server"
source   "http://gearman.org/protocol/ (binary packet, administrative protocol)"
ports    4730
maybe-ports 7003

# ECHO_REQ with four bytes.
probe gearman
    send [00] "REQ" [00 00 00 10 00 00 00 08] "synspect"

rule response rank 92
    at 0 [00] "RES"
    be32 4 in 1..44
    length be32 8 + 12 whole

rule admin rank 88
    pattern /ERR (?:UNKNOWN_COMMAND Unknown\+server\+command|UNKNOWN_COMMAND|INCOMPLETE_ARGS)[^\r\n]*\r?\n/

accept [00] "RES" [00 00 00 11 00 00 00 08] "synspect" as response answers gearman
accept "ERR UNKNOWN_COMMAND Unknown+server+command\r\n" as admin from "gearmand 1.1"
reject [00] "REQ" [00 00 00 10 00 00 00 08] "synspect"
reject "ERR UNKNOWN\r\n"
reject [00] "RES" [00 00 00 11 00 00 00 09] "synspect"
