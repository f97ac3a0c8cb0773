protocol smpp
title    "Short Message Peer-to-Peer"
source   "SMPP v3.4 specification sections 3.2 and 5.1.2"
ports    2775
maybe-ports 3550

# enquire_link.
probe smpp
    send [00 00 00 10 00 00 00 15 00 00 00 00 00 00 00 01]

# A response: length, an id with the top bit, a status of the table.
rule response rank 90
    be32 0 in 16..1024
    length be32 0 cut
    at 4 [80 00 00]
    u8 7 in 0..9 0x15 0x21 0x03
    be32 8 in 0..0xff 0x400..0x4ff

accept [00 00 00 10 80 00 00 15 00 00 00 00 00 00 00 01] as response answers smpp
accept [00 00 00 10 80 00 00 00 00 00 00 03 00 00 00 01] as response
reject [00 00 00 10 00 00 00 15 00 00 00 00 00 00 00 01]
reject [00 00 00 10 80 00 01 15 00 00 00 00 00 00 00 01]
