protocol netbios-ssn
title    "NetBIOS session service"
source   "RFC 1002 sections 4.3.1 to 4.3.6"
ports    139

# A session request from and to the names that every server has, encoded as in RFC 1001 section 14.1.
probe netbios-ssn
    send [81 00 00 44 20] "CKFDENECFDEFFCFGEFFCCACACACACACA" [00 20] \
         "FDFJEOFDFAEFEDFECACACACACACACAAA" [00]

# Positive: 4 bytes. Negative: one byte of reason.
rule positive rank 76
    answers netbios-ssn
    at 0 [82 00 00 00]
    size 4

rule negative rank 84
    at 0 [83 00 00 01]
    u8 4 in 0x80..0x83 0x8f
    size 5

accept [82 00 00 00] answers netbios-ssn as positive
accept [83 00 00 01 8f] as negative
accept [83 00 00 01 82]
reject [82 00 00 00]
reject [83 00 00 01 00]
reject [83 00 00 02 82]
