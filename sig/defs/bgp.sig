protocol bgp
title    "Border Gateway Protocol"
source   "RFC 4271 sections 4.1, 4.2 and 4.5"
ports    179

# OPEN, version 4, a private AS, hold time 180.
probe bgp
    send [ff*16 00 1d 01 04 fd e8 00 b4 c0 00 02 01 00]

rule open rank 96
    at 0 [ff*16]
    be16 16 in 29..4096
    at 18 [01 04]
    value proto_version u8 19
    value extra be16 20

rule notification rank 96
    at 0 [ff*16]
    be16 16 in 21..4096
    at 18 [03]
    u8 19 in 1..8
    u8 20 in 0..11

accept [ff*16 00 35 01 04 fd e9 00 f0 c0 a8 4d 02 18] as open first from "BIRD 2.0"
accept [ff*16 00 15 03 06 05] as notification
reject [ff*16 00 1d 01 03 fd e8 00 b4]
reject [ff*32]
