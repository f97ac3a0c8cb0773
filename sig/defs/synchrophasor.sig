protocol synchrophasor
title    "Synchrophasor data (IEEE C37.118)"
source   "IEEE C37.118.2-2011 section 6.2 (SYNC, FRAMESIZE, IDCODE, SOC)"
maybe-ports 4712

# SYNC with a frame type that a measurement unit sends and version 1 to 3, a frame size that agrees, a
# time after 2001.
rule frame rank 86
    at 0 [aa]
    u8 1 in 0x01..0x03 0x11..0x13 0x21..0x23 0x31..0x33 0x51..0x53
    be16 2 in 18..4096
    length be16 2 whole
    be32 6 in 0x3b000000..0x90000000

accept [aa 01 00 12 00 07 63 cf 4f f5 00 00 00 00 00 00 12 34] as frame
reject [aa 41 00 12 00 07 63 cf 4f f5 00 00 00 00 00 05 12 34]
reject [aa 01 00 13 00 07 63 cf 4f f5 00 00 00 00 00 00 12 34]
