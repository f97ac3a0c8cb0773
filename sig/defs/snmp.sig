protocol snmp
title    "Simple Network Management Protocol over TCP"
source   "RFC 3430 section 2, RFC 3416 section 3, RFC 3412 section 6"
maybe-ports 161 1161

# Message, version, community, and a response PDU or a report.
rule response rank 92
    ber [30]
    at 0 [02 01 00] | [02 01 01]
    skip 3
    ber-skip [04]
    at 0 [a2] | [a8]

rule v3 rank 90
    ber [30]
    at 0 [02 01 03 30]

accept [30 26 02 01 01 04 06] "public" [a2 19 02 01 01 02 01 00 02 01 00 30 0e 30 0c 06 08 2b 06 01 02 01 01 05 00 04 00] as response
accept [30 3a 02 01 03 30 0f 02 02 4a 69 02 03 00 ff e3 04 01 00 02 01 03 04 00] as v3
reject [30 26 02 01 01 04 06] "public" [a0 19 02 01 01 02 01 00 02 01 00 30 0e 30 0c 06 08 2b 06 01 02 01 01 05 00 05 00]
