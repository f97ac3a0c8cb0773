protocol rpc
title    "ONC remote procedure call"
source   "RFC 5531 sections 9 and 11, RFC 1833"
ports    111
maybe-ports 2049 635 32768-32800

# A null call to the port mapper, version 2.
probe rpc
    send [80 00 00 28] "SYNS" [00 00 00 00 00 00 00 02 00 01 86 a0 00 00 00 02 00 00 00 00] [00*16]

# Record mark, a reply (1), accepted (0), a verifier and a status of the table.
rule accepted rank 86
    u8 0 in 0x80
    length be32 0 & 0x7fffffff + 4 cut
    be32 0 & 0x7fffffff in 24..65536
    at 8 [00 00 00 01 00 00 00 00]
    be32 16 in 0..6
    be32 20 in 0 8..400
    at 24 [00 00 00 00] | [00 00 00 01] | [00 00 00 02 00 00 00 ??] | [00 00 00 03] | [00 00 00 04] | [00 00 00 05]
    be32 20 = 0

# Denied (1): a version mismatch or an authentication error.
rule denied rank 86
    at 0 [80 00 00]
    length be32 0 & 0x7fffffff + 4 whole
    at 8 [00 00 00 01 00 00 00 01]
    be32 16 in 0..1

accept [80 00 00 18 72 fe 1d 13 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00] as accepted \
    from "rpcbind 1.2"
accept [80 00 00 20 72 fe 1d 13 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 00 00 00 02 \
    00 00 00 04] as accepted
accept [80 00 00 14 72 fe 1d 13 00 00 00 01 00 00 00 01 00 00 00 01 00 00 00 05] as denied
reject [80 00 00 28 72 fe 1d 13 00 00 00 00 00 00 00 02 00 01 86 a0 00 00 00 02 00 00 00 00 00*16]
reject [80 00 00 18 72 fe 1d 13 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 07]
