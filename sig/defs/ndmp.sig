protocol ndmp
title    "Network Data Management Protocol"
source   "NDMP v4 specification section 2 (message header), RFC 5531 section 11 (record mark)"
maybe-ports 10000


# A record, then sequence, time, type 0 (request), message 0x502 (notify connected), reply 0, error 0,
# a reason and the highest version.
rule connected rank 92
    at 0 [80 00 00]
    length be32 0 & 0x7fffffff + 4 whole
    at 12 [00 00 00 00 00 00 05 02 00 00 00 00 00 00 00 00]
    be32 28 in 0..3
    value proto_version be32 32

accept [80 00 00 24 00 00 00 01 63 cf 4f f5 00 00 00 00 00 00 05 02 00 00 00 00 00 00 00 00 00 00 00 00 \
    00 00 00 04 00 00 00 00] as connected proto_version "4" first
reject [80 00 00 24 00 00 00 01 63 cf 4f f5 00 00 00 01 00 00 05 02 00 00 00 00 00 00 00 00 00 00 00 00 \
    00 00 00 04 00 00 00 00]
