protocol openflow
title    "OpenFlow"
source   "OpenFlow Switch Specification 1.0 section 5.1 and 1.3 sections 7.1 and 7.5.1"
ports    6653 6633
speaks-first yes

probe openflow
    send [04 00 00 08 00 00 00 01]

# HELLO of version 1.0 to 1.5, alone or with the bitmap of versions. Eight bytes that state their length
# are little, so they count only unasked, or as the answer to our own.
rule hello rank 74
    u8 0 in 1..6
    at 1 [00 00 08]
    size 8
    first

rule hello-answered rank 76
    answers openflow
    u8 0 in 1..6
    at 1 [00 00 08]
    size 8

rule hello-bitmap rank 86
    u8 0 in 4..6
    at 1 [00 00 10]
    at 8 [00 01 00 08 00 00 00]

# An error that refuses the version, or a features request behind the hello.
rule hello-more rank 86
    u8 0 in 1..6
    at 1 [00 00 08]
    u8 8 in 1..6
    at 9 [05 00 08] | [01 00] | [00 00 08] | [02 00 08]

accept [01 00 00 08 00 00 00 01] first as hello
accept [04 00 00 08 00 00 00 02] answers openflow as hello-answered
reject [01 00 00 08 00 00 00 01] asked "GET / HTTP/1.0\r\n\r\n"
accept [04 00 00 10 00 00 00 01 00 01 00 08 00 00 00 12] as hello-bitmap
accept [04 00 00 08 00 00 00 01 04 05 00 08 00 00 00 02] as hello-more
reject [07 00 00 08 00 00 00 01]
reject [01 00 00 09 00 00 00 01 00]
