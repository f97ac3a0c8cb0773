protocol sap-ni
title    "SAP network interface (router, dispatcher, gateway)"
source   "SAP Help Portal, SAProuter; NI keep-alive and error information as published by SecureAuth's pysap"
ports    3299
maybe-ports 3200 3300 3600

probe sap-ni
    send [00 00 00 08] "NI_PING" [00]

# A length that agrees, then the answer to a ping, or an error of the router.
rule pong rank 94
    at 0 [00 00 00 08] "NI_PONG" [00]

rule error rank 94
    length be32 0 + 4 cut
    be32 0 in 16..8192
    at 4 "NI_RTERR" [00]

accept [00 00 00 08] "NI_PONG" [00] as pong answers sap-ni
accept [00 00 00 18] "NI_RTERR" [00 28 00 00 ff ff ff a2] "*ERR*" [00 00] as error
reject [00 00 00 08] "NI_PING" [00]
