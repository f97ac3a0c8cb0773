protocol dlms
title    "DLMS/COSEM over TCP"
source   "IEC 62056-47 section 7 (wrapper), IEC 62056-53 (association response), DLMS UA green book"
maybe-ports 4059

# Version 1, two ports, a length that agrees, and an AARE (0x61) with the COSEM application context
# 2.16.756.5.8.1.
rule associate rank 92
    at 0 [00 01]
    be16 6 in 20..1024
    length be16 6 + 8 cut
    at 8 [61]
    contains [60 85 74 05 08 01] within 10..20

accept [00 01 00 01 00 10 00 2b 61 29 a1 09 06 07 60 85 74 05 08 01 01 a2 03 02 01 00 a3 05 a1 03 02 01 00 \
    be 10 04 0e 08 00 06 5f 1f 04 00 00 7e 1f 04 b0 00 07] as associate
reject [00 01 00 10 00 01 00 1f 60 1d a1 09 06 07 60 85 74 05 08 01 01 be 10 04 0e 01 00 00 00 06 5f 1f 04 00 \
    00 7e 1f 04 b0]
