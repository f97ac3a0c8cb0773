protocol s7comm
title    "Siemens S7 communication"
source   "S7 communication over ISO on TCP: header as published by the open dissectors of Wireshark and Snap7"
maybe-ports 102
over     iso-tsap

# A data unit whose contents begin with 0x32, an acknowledgement (2 or 3) or user data (7).
rule header rank 92
    at 0 [03 00]
    length be16 2 cut
    at 4 [02 f0 80 32]
    u8 8 in 1..3 7
    at 9 [00 00]

rule plus rank 90
    at 0 [03 00]
    length be16 2 cut
    at 4 [02 f0 80 72]
    u8 8 in 1..3 0xfe

accept [03 00 00 1b 02 f0 80 32 03 00 00 00 00 00 08 00 00 00 00 f0 00 00 01 00 01 00 f0] as header
accept [03 00 00 10 02 f0 80 72 01 00 05 00 00 00 00 00] as plus
reject [03 00 00 1b 02 f0 80 33 03]
reject [03 00 00 09 02 f0 80 21 80] is rdp
