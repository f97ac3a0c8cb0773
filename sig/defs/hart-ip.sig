protocol hart-ip
title    "HART-IP"
source   "FieldComm Group HCF_SPEC-085, TCP and UDP message header, session initiate"
ports    5094

# Session initiate: a primary master, 30 seconds.
probe hart-ip
    send [01 00 00 00 00 01 00 0d 01 00 00 75 30]

# Version 1, a response (1) or a refusal (15), a message of the table, a length that agrees.
rule response rank 86
    at 0 [01]
    u8 1 in 1 15
    u8 2 in 0..3
    u8 3 in 0..16
    be16 6 in 8..512
    length be16 6 exact

accept [01 01 00 00 00 01 00 0d 01 00 00 75 30] as response answers hart-ip
reject [01 00 00 00 00 01 00 0d 01 00 00 75 30]
reject [01 01 00 00 00 01 00 0e 01 00 00 75 30]
