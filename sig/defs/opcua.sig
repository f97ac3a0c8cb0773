protocol opcua
title    "OPC Unified Architecture, binary"
source   "OPC 10000-6 sections 7.1.2 and 7.2"
ports    4840
maybe-ports 4841 48010 53530

# HELF: version 0, buffers of 64 KiB, an endpoint address.
probe opcua
    send "HELF" [39 00 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00 00 00 00 00 00 00 00] \
         [19 00 00 00] "opc.tcp://localhost:4840/"

rule acknowledge rank 95
    at 0 "ACKF"
    le32 4 = 28
    le32 8 in 0..16

rule error rank 95
    at 0 "ERRF"
    length le32 4 cut
    le32 4 in 16..4096
    u8 11 = 0x80

accept "ACKF" [1c 00 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00 00 00 00 00 00 00 00] as acknowledge
accept "ERRF" [15 00 00 00 00 00 83 80 05 00 00 00] "nohow" as error
reject "HELF" [20 00 00 00]
reject "ACKF" [1d 00 00 00 00 00 00 00]
