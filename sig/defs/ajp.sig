protocol ajp
title    "Apache JServ protocol 1.3"
source   "https://tomcat.apache.org/connectors-doc/ajp/ajpv13a.html"
ports    8009

# CPing.
probe ajp
    send [12 34 00 01 0a]

# AB, a length that agrees, a code: send body chunk, send headers, end response, get body chunk, CPong.
rule packet rank 88
    at 0 "AB"
    length be16 2 + 4 cut
    be16 2 in 1..8188
    u8 4 in 3..6

rule cpong rank 90
    at 0 "AB" [00 01 09]

accept "AB" [00 01 09] as cpong from "Tomcat 9"
accept "AB" [00 09 04 01 94 00 00 00 00 00 00 00] as packet
accept "AB" [00 02 05 01] as packet
reject "AB" [00 01 0a]
reject "ABCDEFG\r\n"
