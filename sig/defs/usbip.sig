protocol usbip
title    "USB over IP"
source   "Linux Documentation/usb/usbip_protocol (OP_REQ_DEVLIST, OP_REP_DEVLIST)"
ports    3240

probe usbip
    send [01 11 80 05 00 00 00 00]

# Version 1.1.1, list of devices, a status, and how many there are.
rule devices rank 90
    at 0 [01 11 00 05 00 00 00 0?]
    u8 7 in 0..5
    be32 8 in 0..64

accept [01 11 00 05 00 00 00 00 00 00 00 00] as devices answers usbip
reject [01 11 80 05 00 00 00 00 00 00 00 00]
