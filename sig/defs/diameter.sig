protocol diameter
title    "Diameter"
source   "RFC 6733 sections 3, 4.1 and 5.3"
ports    3868

# Capabilities-Exchange-Request with an origin.
probe diameter
    send [01 00 00 40 80 00 01 01 00 00 00 00] "SYN1SYN2" \
         [00 00 01 08 40 00 00 10] "synspect" [00 00 01 28 40 00 00 10] "synspect" \
         [00 00 01 02 40 00 00 0c 00 00 00 00]

# An answer: version 1, a length of a multiple of four that agrees, request bit clear, a command and
# an application of the base protocol.
rule answer rank 92
    at 0 [01]
    be24 1 in 20..65536
    be16 2 & 3 = 0
    length be24 1 whole
    at 20 [00 00 01]
    u8 4 & 0x8f = 0
    be24 5 in 257..320
    be32 8 in 0..16777400

accept [01 00 00 20 00 00 01 01 00 00 00 00] "SYN1SYN2" [00 00 01 0c 40 00 00 0c 00 00 07 d1] as answer
reject [01 00 00 20 80 00 01 01 00 00 00 00] "SYN1SYN2"
reject [02 00 00 20 00 00 01 01 00 00 00 00] "SYN1SYN2"
