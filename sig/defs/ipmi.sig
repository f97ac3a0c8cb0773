protocol ipmi
title    "IPMI and ASF, RMCP carried over TCP"
source   "DMTF DSP0136 (ASF 2.0) section 3.2.2, IPMI v2.0 section 13.1.3"
maybe-ports 623 664

# Presence ping.
probe ipmi
    send [06 00 ff 06 00 00 11 be 80 00 00 00]

# Version 1.0, a class of ASF or IPMI; for ASF the enterprise number 4542 and a pong.
rule pong rank 94
    at 0 [06 00 ?? 06 00 00 11 be 40]

rule session rank 86
    at 0 [06 00 ff 07]
    u8 4 in 0 2 5 6
    at 5 [00 00 00 00]

accept [06 00 ff 06 00 00 11 be 40 00 00 10 00 00 11 be 00 00 00 00 81 00 00 00 00 00 00 00] as pong answers ipmi
accept [06 00 ff 07 00 00 00 00 00 00 00 00 00 10 81 1c 63 20 00 38] as session
reject [06 00 ff 06 00 00 11 be 80 00 00 00]
reject [06 00 ff 07 09 00 00 00 00]
