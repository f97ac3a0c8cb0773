protocol h323
title    "H.323 call signalling"
source   "ITU-T H.225.0 section 7.3, ITU-T Q.931 sections 4.2 to 4.4, RFC 1006 section 6"
ports    1720

# TPKT, then Q.931: discriminator 8, a call reference of two bytes and a message of the table.
rule q931 rank 86
    at 0 [03 00]
    be16 2 in 9..4096
    length be16 2 cut
    at 4 [08 02]
    u8 8 in 1 2 3 5 7 0x0d 0x0f 0x45 0x4d 0x55 0x5a 0x62 0x6e 0x7b 0x7d
    not at 4 [08 02 00 00]

accept [03 00 00 0d 08 02 80 01 5a 08 02 80 9f] as q931
accept [03 00 00 10 08 02 a1 23 02 28 05] "avaya" as q931
reject [03 00 00 0d 08 02 80 01 99 08 02 80 9f]
reject [03 00 00 0d 09 02 80 01 5a 08 02 80 9f]
reject [03 00 00 13 0e d0 00 00 12 34 00 02 01 08 00 01 00 00 00] is rdp
