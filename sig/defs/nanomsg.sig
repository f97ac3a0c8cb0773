protocol nanomsg
title    "Scalability Protocols over TCP (nanomsg, NNG)"
source   "SP TCP mapping 01 section 3 (protocol header)"
speaks-first yes

# A NUL, SP, version 0, an end point type of the table, two zeros.
rule header rank 88
    at 0 [00] "SP" [00 00]
    u8 5 in 0x10 0x20 0x21 0x30 0x31 0x50 0x51 0x62 0x63 0x70
    at 6 [00 00]

accept [00] "SP" [00 00 31 00 00] as header first
reject [00] "SP" [00 00 99 00 00]
