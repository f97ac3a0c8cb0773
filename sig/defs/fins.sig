protocol fins
title    "Omron FINS over TCP"
source   "Omron W342 (CS/CJ communications commands), FINS/TCP header and node address data"
ports    9600

# Node address data send: any node number.
probe fins
    send "FINS" [00 00 00 0c 00 00 00 00 00 00 00 00 00 00 00 00]

# Magic, a length that agrees, the answering command (1), a frame (2) or an error notice (3), an error
# of the table.
rule header rank 92
    at 0 "FINS" [00 00]
    length be32 4 + 8 cut
    be32 4 in 8..2048
    be32 8 in 1..3 6
    be32 12 in 0..3 0x20..0x25

accept "FINS" [00 00 00 10 00 00 00 01 00 00 00 00 00 00 00 fb 00 00 00 01] as header answers fins
reject "FINS" [00 00 00 0c 00 00 00 00 00 00 00 00 00 00 00 00]
reject "FINS" [00 00 00 10 00 00 00 01 00 00 00 99 00 00 00 fb 00 00 00 01]
