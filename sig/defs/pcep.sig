protocol pcep
title    "Path Computation Element Protocol"
source   "RFC 5440 sections 6.1, 6.2, 7.2 and 7.3"
ports    4189
speaks-first yes

# Version 1, Open, a length that agrees, an OPEN object of version 1.
rule open rank 92
    at 0 [20 01]
    be16 2 in 12..1024
    length be16 2 cut
    at 4 [01 1?]
    u8 8 & 0xe0 = 0x20

accept [20 01 00 0c 01 10 00 08 20 1e 78 01] as open first
reject [20 01 00 0c 02 10 00 08 20 1e 78 01]
