protocol spice
title    "SPICE remote desktop"
source   "https://www.spice-space.org/spice-protocol.html section 6 (link message)"
maybe-ports 5930 5900-5910

# SpiceLinkMess: magic, major 2, minor 2, size, connection 0, main channel, no capabilities.
probe spice
    send "REDQ" [02 00 00 00 02 00 00 00 12 00 00 00] [00 00 00 00 01 00 00 00 00 00 00 00 00 00 12 00 00 00]

rule reply rank 95
    at 0 "REDQ"
    le32 4 in 1..2
    le32 8 in 0..16
    le32 12 in 4..4096
    not echo

accept "REDQ" [02 00 00 00 02 00 00 00 ba 00 00 00 00 00 00 00 30 81 9f 30] as reply answers spice
reject "REDQ" [03 00 00 00 02 00 00 00 ba 00 00 00]
reject "REDX" [02 00 00 00 02 00 00 00 ba 00 00 00 00 00 00 00]
