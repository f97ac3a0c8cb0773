protocol kafka
title    "Apache Kafka"
source   "https://kafka.apache.org/protocol (ApiVersions version 0, Response Header v0)"
ports    9092
maybe-ports 9093 9094

# ApiVersions, version 0, correlation id "SYNS".
probe kafka
    send [00 00 00 12 00 12 00 00] "SYNS" [00 08] "synspect"

# Our correlation id, no error, and a list of keys that begins with Produce, Fetch, ListOffsets.
rule api-versions rank 90
    length be32 0 + 4 cut
    be16 8 in 0 35
    be32 10 in 10..200
    at 14 [00 00 00 0? 00 ?? 00 01 00 0? 00 ??]

# Version 3 writes a compact list and ends each key with its tags.
rule api-versions-3 rank 90
    length be32 0 + 4 cut
    be16 8 in 0 35
    u8 10 in 11..127
    at 11 [00 00 00 0? 00 ?? 00 00 01 00 0? 00 ?? 00]

rule api-versions-answered rank 90
    answers kafka
    length be32 0 + 4 cut
    at 4 "SYNS"
    be16 8 in 0..120

accept [00 00 00 1c] "SYNS" [00 00 00 00 00 12 00 00 00 00 00 09 00 01 00 00 00 0d 00 02 00 00 00 07] \
    as api-versions
accept [00 00 00 0a] "SYNS" [00 2a 00 00 00 00] answers kafka as api-versions-answered
accept [00 00 00 17 00 00 00 03 00 00 3d 00 00 00 00 00 09 00 00 01 00 00 00 0f 00 00 02] as api-versions-3
reject [00 00 00 1c 00 00 00 00 00 00 00 00 00 03 00 01 00 00 00 09 00 01 00 00 00 0d 00 02 00 00 00 07]
reject [00 00 00 0a] "SYNS" [00 2a 00 00 00 00]
