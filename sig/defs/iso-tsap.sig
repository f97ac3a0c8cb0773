protocol iso-tsap
title    "ISO transport on TCP (COTP), as S7, MMS and others use it"
source   "RFC 1006 sections 5 and 6, ITU-T X.224 sections 13.3 and 13.4"
ports    102

# Connection request as an engineering station sends it: rack 0, slot 2.
probe iso-tsap
    send [03 00 00 16] [11 e0 00 00 00 01 00] [c0 01 0a] [c1 02 01 00] [c2 02 01 02]

# Connection confirm that names a size or the access points: both lengths agree.
rule confirm rank 88
    at 0 [03 00 00]
    length be16 2 exact
    be16 2 in 14..64
    at 5 [d0]
    length u8 4 + 5 exact
    u8 10 in 0..4
    u8 11 in 0xc0..0xc2
    u8 12 in 1..8

# Disconnect request: refused, with a reason.
rule refused rank 84
    at 0 [03 00 00]
    length be16 2 exact
    be16 2 in 11..64
    at 5 [80]
    length u8 4 + 5 exact
    u8 10 in 0..3 0x80..0x8a

accept [03 00 00 16 11 d0 00 01 00 02 00 c0 01 0a c1 02 01 00 c2 02 01 02] as confirm
accept [03 00 00 0b 06 80 00 01 00 02 82] as refused
reject [03 00 00 16 11 e0 00 00 00 01 00 c0 01 0a c1 02 01 00 c2 02 01 02]
reject [03 00 00 13 0e d0 00 00 12 34 00 02 01 08 00 01 00 00 00] is rdp
reject [03 00 00 0b 06 80 00 01 00 02 ff]
