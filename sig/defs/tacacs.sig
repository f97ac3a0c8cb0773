protocol tacacs
title    "TACACS+"
source   "RFC 8907 sections 4.1 and 5"
ports    49

# An authentication start, not obfuscated (flag 1), for a login of "synspect".
probe tacacs
    send [c0 01 01 01] "SYNS" [00 00 00 10] [01 00 01 01 08 00 00 00] "synspect"

# A reply: version 12.x, authentication, even sequence number, the flags of the table, a length that
# agrees.
rule reply rank 88
    u8 0 in 0xc0..0xc1
    u8 1 in 1..3
    u8 2 in 2 4
    u8 3 in 0 1 4 5
    be32 8 in 5..4096
    length be32 8 + 12 exact

accept [c0 01 02 01] "SYNS" [00 00 00 06 07 00 00 00 00 00] as reply answers tacacs
accept [c0 01 02 00 11 22 33 44 00 00 00 06 a1 b2 c3 d4 e5 f6] as reply
reject [c0 01 01 01] "SYNS" [00 00 00 10 01 00 01 01 08 00 00 00] "synspect"
reject [c0 01 02 01] "SYNS" [00 00 00 07 07 00 00 00 00 00]
