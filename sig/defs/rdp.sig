protocol rdp
title    "Remote Desktop Protocol"
source   "MS-RDPBCGR sections 2.2.1.2 and 4.1.2, RFC 1006 section 6, ITU-T X.224 section 13.4"
ports    3389
maybe-ports 3388 3390

# Connection request with TLS, CredSSP and early authorization on offer.
probe rdp
    send [03 00 00 13] [0e e0 00 00 00 00 00] [01 00 08 00 0b 00 00 00]

# Connection confirm with a negotiation response (type 2) or failure (type 3), 8 bytes long.
rule negotiation rank 92
    at 0 [03 00 00 13 0e d0]
    u8 11 in 2..3
    at 13 [08 00]
    le32 15 in 0..16

# Confirms without negotiation: nothing else answers our request so.
rule confirm rank 78
    answers rdp
    at 0 [03 00 00 0b 06 d0 00 00]
    size 11

# The confirm of the specification's example, with the reference that Windows writes (0x1234).
rule confirm-windows rank 82
    at 0 [03 00 00 0b 06 d0 00 00 12 34 00]
    size 11

# Ends the session: an MCS disconnect provider ultimatum in an X.224 data unit
# (ITU-T T.125 section 7, part 4).
rule disconnect rank 80
    at 0 [03 00 00 09 02 f0 80 21]
    at 8 [80] | [00]
    size 9

accept [03 00 00 13 0e d0 00 00 12 34 00 02 01 08 00 01 00 00 00] as negotiation from "xrdp 0.9"
accept [03 00 00 13 0e d0 00 00 12 34 00 03 00 08 00 05 00 00 00] as negotiation
accept [03 00 00 0b 06 d0 00 00 00 00 00] answers rdp as confirm
accept [03 00 00 09 02 f0 80 21 80] as disconnect from "xrdp 0.9"
accept [03 00 00 0b 06 d0 00 00 12 34 00] as confirm-windows from "MS-RDPBCGR section 4.1.2"
reject [03 00 00 0b 06 d0 00 00 00 01 00]
reject [03 00 00 13 0e e0 00 00 00 00 00 01 00 08 00 0b 00 00 00]
reject [03 00 00 16 11 d0 00 01 00 02 00 c0 01 0a c1 02 01 00 c2 02 01 02]
