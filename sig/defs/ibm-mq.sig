protocol ibm-mq
title    "IBM MQ"
source   "IBM MQ transmission segment header, as documented in the open dissector of the Wireshark project (eye-catcher TSH)"
ports    1414
maybe-ports 1415

# An initial data segment for SYSTEM.DEF.SVRCONN is long; a bare header draws a status segment.
probe ibm-mq
    send "TSH " [00 00 00 1c 02 05 31 00 00 00 00 00 00 00 00 00 22 02 00 00 b5 01 00 00]

# The eye-catcher in ASCII or EBCDIC, a length that agrees, an encoding and a segment type.
rule segment rank 90
    at 0 "TSH " | "TSHC" | "TSHM" | [e3 e2 c8 40] | [e3 e2 c8 c3] | [e3 e2 c8 d4]
    length be32 4 cut
    be32 4 in 28..32768
    u8 8 in 1..2
    u8 9 in 1..10

accept "TSH " [00 00 00 24 02 05 32 00*9 22 02 00 00 b5 01 00 00 00*8]
accept "TSH " [00 00 00 1c 01 05 32 00*9 22 02 00 00 b5 01 00 00] as segment
reject "TSH " [00 00 00 24 02 50 32 00*25]
reject "TSHX"
