protocol dcerpc
title    "DCE/RPC endpoint mapper, MSRPC"
source   "Open Group C706 chapter 12 (connection-oriented PDUs), MS-RPCE section 2.2.2"
ports    135
maybe-ports 593 1025-1030 49152-49157

# bind to the endpoint mapper, NDR.
probe dcerpc
    send [05 00 0b 03 10 00 00 00 48 00 00 00 01 00 00 00] [d0 16 d0 16 00 00 00 00 01 00 00 00 00 00 01 00]
    send [08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 00 00]
    send [04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 00 00]

# Version 5.0 or 5.1, a PDU that servers send, little-endian ASCII IEEE, a length that agrees.
rule pdu rank 93
    at 0 [05 0?]
    u8 1 in 0..1
    u8 2 in 2 3 0x0c 0x0d 0x0f 0x11 0x13
    at 4 [10 00 00 00]
    le16 8 in 16..8192
    length le16 8 cut

accept [05 00 0c 03 10 00 00 00 3c 00 00 00 01 00 00 00 d0 16 d0 16 00*40] as pdu answers dcerpc
accept [05 00 0d 03 10 00 00 00 18 00 00 00 01 00 00 00 00*8] as pdu
reject [05 00 0b 03 10 00 00 00 48 00 00 00 01 00 00 00 00*56]
reject [05 00 0c 03 10 00 00 01 3c 00]
