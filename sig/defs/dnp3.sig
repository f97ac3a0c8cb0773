protocol dnp3
title    "Distributed Network Protocol 3"
source   "IEEE 1815-2012 sections 9.2.4 and 9.2.6 (data link frame)"
ports    20000
maybe-ports 19999

# Request link status, from master 1 to outstation 0xfffe (self address); the sum is CRC-DNP.
probe dnp3
    send [05 64 05 c9 fe ff 01 00 25 c6]

# Start bytes, the length of a frame without data, and a control byte of an outstation: direction bit
# clear, a function of the table for its primary bit.
rule link rank 92
    at 0 [05 64 05]
    u8 3 & 0xcf in 0 1 0x0b 0x0f 0x40 0x42 0x49
    u8 9 in 0..255

# With data: behind the head and its sum a transport byte, an application byte and the function of a
# response (IEEE 1815 section 4.2.2).
rule data rank 92
    at 0 [05 64]
    u8 2 in 8..255
    u8 3 & 0xcf in 0x43 0x44
    u8 12 in 0x81..0x83

accept [05 64 05 0b 01 00 00 04 e9 21] as link
accept [05 64 0a 44 01 00 00 04 7f 4b c0 c0 81 80 00 5a 28] as data
reject [05 64 05 c9 00 04 01 00 bd 8e]
reject [05 65 05 0b 01 00 00 04 e9 21]
reject [05 64 04 0b 01 00 00 04 e9 21]
