protocol monero
title    "Monero and other CryptoNote peers (Levin)"
source   "Monero docs/LEVIN_PROTOCOL.md, sections Message Header and Commands"
ports    18080
maybe-ports 28080 38080

# Support flags (1007), with an empty portable storage.
probe monero
    send [01 21 01 01 01 01 01 01] [0a 00 00 00 00 00 00 00] [01] [ef 03 00 00] [00 00 00 00] [01 00 00 00] \
         [01 00 00 00] [01 11 01 01 01 01 02 01 01 00]

# Signature, a length, an admin (1001 to 1007) or protocol (2001 to 2010) command.
rule header rank 96
    at 0 [01 21 01 01 01 01 01 01]
    le64 8 in 0..0x6400000
    u8 16 in 0..1
    le32 17 in 1001..1010 2001..2012
    le32 29 = 1
    not echo

accept [01 21 01 01 01 01 01 01 24 00 00 00 00 00 00 00 00 ef 03 00 00 01 00 00 00 02 00 00 00 01 00 00 00] \
    as header answers monero
reject [01 21 01 01 01 01 01 01 24 00 00 00 00 00 00 00 00 ef 13 00 00 01 00 00 00 02 00 00 00 01 00 00 00]
