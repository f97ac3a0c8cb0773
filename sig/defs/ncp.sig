protocol ncp
title    "NetWare Core Protocol over TCP"
source   "Novell NCP over TCP/IP, reply signature and length"
ports    524

# Create connection: signature "DmdT", version 1, buffer size, request 0x1111.
probe ncp
    send "DmdT" [00 00 00 17 00 00 00 01 00 00 00 00] [11 11 00 ff 01 ff 04]

# "tNcP", a length that agrees, then a reply (0x3333).
rule reply rank 95
    at 0 "tNcP"
    length be32 4 cut
    be32 4 in 10..8192
    at 8 [33 33]

accept "tNcP" [00 00 00 10 33 33 00 01 00 00 00 00] as reply answers ncp
reject "tNcP" [00 00 00 10 22 22 00 01 00 00 00 00]
