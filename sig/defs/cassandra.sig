protocol cassandra
title    "Cassandra native protocol (CQL)"
source   "https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v4.spec sections 2, 4.2.1 and 4.2.4"
ports    9042
maybe-ports 9142

# OPTIONS of version 4.
probe cassandra
    send [04 00 00 00 05 00 00 00 00]

# SUPPORTED, to be sure by the option that every server has.
rule supported rank 92
    u8 0 in 0x81..0x86
    contains [06] within 3..4
    contains "CQL_VERSION" within 9..256

# ERROR of version 3 and later: a known code and a message, whose lengths agree.
rule error rank 88
    u8 0 in 0x83..0x86
    at 4 [00]
    length be32 5 + 9 cut
    be32 9 in 0 0x0a 0x100 0x1000..0x1700 0x2000..0x2500
    be16 13 in 4..1024
    pattern /.{15}(?<error>[\x20-\x7e]{4,})/

rule error-1 rank 86
    u8 0 in 0x81..0x82
    at 3 [00]
    length be32 4 + 8 cut
    be32 8 in 0 0x0a 0x100 0x1000..0x1700 0x2000..0x2500
    be16 12 in 4..1024
    pattern /.{14}(?<error>[\x20-\x7e]{4,})/

accept [84 00 00 00 06 00 00 00 20 00 02 00 0b] "CQL_VERSION" [00 01 00 05] "3.4.5" [00 00 00 00] as supported
accept [84 00 00 00 00 00 00 00 18 00 00 00 0a 00 12] "Invalid or unsuppor" as error
accept [81 00 00 00 00 00 00 0d 00 00 00 0a 00 07] "Invalid" as error-1
reject [84 00 00 00 00 00 00 00 18 00 00 00 0b 00 12] "Invalid or unsuppor"
reject [04 00 00 00 05 00 00 00 00]
reject [84 00 00 00 06 00 00 00 02 00 00]
