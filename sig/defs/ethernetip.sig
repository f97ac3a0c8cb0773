protocol ethernetip
title    "EtherNet/IP"
source   "ODVA, CIP networks library volume 2, sections 2-3 and 2-4"
ports    44818
maybe-ports 2222

# ListIdentity.
probe ethernetip
    send [63 00 00 00 00 00 00 00 00 00 00 00] "synspect" [00 00 00 00]

# ListIdentity's answer: a length that agrees, status 0, one item of type 0x0c, encapsulation version 1.
rule identity rank 94
    at 0 [63 00]
    length le16 2 + 24 cut
    at 8 [00 00 00 00]
    at 24 [01 00 0c 00]
    at 30 [01 00]

# RegisterSession and ListServices, or a status that refuses a command.
rule session rank 88
    at 0 [65 00 04 00]
    be32 4 in 1..0xffffffff
    at 8 [00 00 00 00]
    at 24 [01 00 00 00]

rule services rank 92
    at 0 [04 00]
    length le16 2 + 24 cut
    at 8 [00 00 00 00]
    at 24 [01 00 00 01]
    contains "Communications" within 34..40

extract /\x63\x00.{60}.(?<product>[\x20-\x7e]{3,32})/

accept [63 00 2e 00 00 00 00 00 00 00 00 00] "synspect" [00 00 00 00 01 00 0c 00 28 00 01 00 00*50] \
    as identity
accept [65 00 04 00 11 22 33 44 00 00 00 00 00*12 01 00 00 00] as session
accept [04 00 1a 00 00 00 00 00 00 00 00 00 00*12 01 00 00 01 14 00 01 00 20 00] "Communications" [00 00] \
    as services
reject [63 00 00 00 00 00 00 00 00 00 00 00] "synspect" [00 00 00 00]
reject [65 00 04 00 00 00 00 00 00 00 00 00 00*12 01 00 00 00]
