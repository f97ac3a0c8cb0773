protocol isns
title    "Internet Storage Name Service"
source   "RFC 4171 sections 5.1, 5.3 and 5.4"
ports    3205

# Device attribute query of everything, from a source that is not registered.
probe isns
    send [00 01 00 02 00 20 8c 00 00 01 00 00] [00 00 00 20 00 00 00 08] "synspect" [00 00 00 01 00 00 00 00] \
         [00 00 00 00 00 00 00 00]

# Version 1, a response function, a length that agrees, flags of a server and of the only message, a
# status of the table.
rule response rank 90
    at 0 [00 01 80]
    u8 3 in 1..15
    length be16 4 + 12 exact
    u8 6 & 0x4c = 0x4c
    be32 12 in 0..24

accept [00 01 80 02 00 04 4c 00 00 01 00 00 00 00 00 05] as response answers isns
reject [00 01 80 02 00 05 4c 00 00 01 00 00 00 00 00 05]
reject [00 01 80 02 00 04 4c 00 00 01 00 00 00 00 01 05]
