protocol iec104
title    "IEC 60870-5-104"
source   "IEC 60870-5-104 section 5 (APCI), IEC 60870-5-101 section 7.2.1"
ports    2404

# TESTFR act, then STARTDT act.
probe iec104
    send [68 04 43 00 00 00] [68 04 07 00 00 00]

# Unnumbered: a confirmation, or a test of the line; three zeros behind.
rule unnumbered rank 90
    at 0 [68 04]
    u8 2 in 0x0b 0x23 0x43 0x83
    at 3 [00 00 00]

# Information: length, an even control byte, numbers that a connection has when it is young, a type with a cause of transmission.
rule information rank 88
    at 0 [68]
    u8 1 in 12..253
    length u8 1 + 2 whole
    u8 2 & 1 = 0
    u8 3 in 0..7
    u8 4 & 1 = 0
    u8 5 in 0..7
    u8 6 in 1..40 45..64 70 100..107 110..113 120..127
    u8 7 in 1..127 129..255
    u8 8 & 0x3f in 1..13 20..41 44..47
    # "hu", "ht" and other words that begin with an h make the same sums.
    not text 12

# Supervisory, and a frame of the above behind it.
rule supervisory rank 86
    at 0 [68 04 01 00]
    u8 4 & 1 = 0
    at 6 [68]

accept [68 04 0b 00 00 00] as unnumbered
accept [68 04 83 00 00 00 68 04 0b 00 00 00] as unnumbered answers iec104
accept [68 0e 00 00 00 00 64 01 07 00 01 00 00 00 00 14] as information
accept [68 04 01 00 02 00 68 04 43 00 00 00] as supervisory
reject [68 04 07 00 01 00]
reject [68 0e 01 00 00 00 64 01 07 00 01 00 00 00 00 14]
reject "huh? Invalid command \"CNXN\"\nhuh? Invalid command \"x\"\nhuh? Invalid command \"y\"\nhuh? Invalid command \"z\"\nhuh? Invalid\n" is lcdproc
reject "hello\r\n"
