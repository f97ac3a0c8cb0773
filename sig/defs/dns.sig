protocol dns
title    "Domain Name System over TCP"
source   "RFC 1035 sections 4.1.1 and 4.2.2, RFC 4892"
ports    53
maybe-ports 5300 5353 5355

# The version of the server, a TXT record of class CHAOS (RFC 4892).
probe dns
    send [00 1e] "SY" [00 00 00 01 00 00 00 00 00 00] [07] "version" [04] "bind" [00 00 10 00 03]

# A response: one question, whose name is made of labels, a type and a class (IN, CH, HS or ANY).
rule response rank 86
    length be16 0 + 2 cut
    be16 0 in 17..16384
    u8 4 & 0xf8 = 0x80
    u8 5 & 0x4f in 0..10
    at 6 [00 01]
    be16 8 in 0..64
    be16 10 in 0..64
    be16 12 in 0..64
    pattern /.{14}(?:[\x01-\x3f][\x2d\x30-\x39\x41-\x5a\x5f\x61-\x7a][\x21-\x7e]{0,62}){0,12}\x00(?:\x00[\x01-\xff]|\x01[\x00-\x02])\x00[\x01\x03\x04\xff]/

# Only the header comes back when the question was not understood (format error, refused,
# not implemented).
rule header rank 78
    at 0 [00 0c]
    u8 4 & 0xf8 in 0x80 0x90 0xa0
    u8 5 & 0x0f in 1 2 4 5
    u8 5 & 0x40 = 0
    at 6 [00*8]
    size 14

extract /.{14}\x07version\x04bind\x00\x00\x10\x00\x03.{2}\x00\x10\x00\x03.{4}..(?:.)(?<version>[\x20-\x7e]+)/
extract /.{14}\x07version\x04bind\x00\x00\x10\x00\x03\x07version\x04bind\x00\x00\x10\x00\x03.{4}..(?:.)(?<version>[\x20-\x7e]+)/

accept [00 23 39 62 81 05 00 01 00 00 00 00 00 00 0d] "stackoverflow" [03] "com" [00 00 01 00 01] \
    as response from "BIND 9.18"
accept [00 1e] "SY" [84 05 00 01 00 00 00 00 00 00 07] "version" [04] "bind" [00 00 10 00 03] answers dns
accept [00 30] "SY" [84 00 00 01 00 01 00 00 00 00 07] "version" [04] "bind" [00 00 10 00 03] \
    [c0 0c 00 10 00 03 00 00 00 00 00 06 05] "9.18x" version "9.18x"
accept [00 0c] "SY" [80 01 00*8] as header
reject [00 1e] "SY" [00 00 00 01 00 00 00 00 00 00 07] "version" [04] "bind" [00 00 10 00 03]
reject [00 0c] "SY" [80 00 00*8]
reject [00 1e] "SY" [84 05 00 02 00 00 00 00 00 00 07] "version" [04] "bind" [00 00 10 00 03]
