protocol knx
title    "KNXnet/IP over TCP"
source   "KNX Standard 03/08/02 (core) sections 2.3 and 7.5 (header, description)"
maybe-ports 3671

# Description request, answer on this connection.
probe knx
    send [06 10 02 03 00 0e] [08 02 00 00 00 00 00 00]

# Header of 6 bytes, version 1.0, a service that servers send, a length that agrees.
rule response rank 90
    at 0 [06 10]
    be16 2 in 0x0202 0x0204 0x0206 0x0208 0x020a 0x020c 0x0311 0x0421
    be16 4 in 8..1024
    length be16 4 cut

accept [06 10 02 04 00 10] [0a 01 02 00 11 01 00 00 00 01] as response answers knx
reject [06 10 02 03 00 0e 08 02 00 00 00 00 00 00]
