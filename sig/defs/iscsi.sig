protocol iscsi
title    "Internet SCSI"
source   "RFC 7143 sections 11.12, 11.13 and 11.17"
ports    3260

# Login request to the discovery session, security stage with transit to operational.
probe iscsi
    send [43 87 00 00 00 00 00 4d 40 00 01 37 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00] \
         [00*16] "InitiatorName=iqn.1996-04.org.synspect" [00] "SessionType=Discovery" [00] \
         "AuthMethod=None" [00 00 00 00]

# Login response: opcode 0x23, version 0, no additional headers, a status of the table.
rule login rank 88
    at 0 [23]
    at 2 [00 00 00]
    be24 5 in 0..8192
    u8 36 in 0..3
    u8 37 in 0..0x0b
    at 38 [00*10]

# Reject: opcode 0x3f, final, a reason, and the header that was refused.
rule reject rank 88
    at 0 [3f 80]
    u8 2 in 1..0x0c
    at 3 [00 00]
    be24 5 = 48
    at 8 [00*8 ff ff ff ff]

extract /\x23.{47}.{0,300}?TargetPortalGroupTag=(?<extra>[0-9]+)/
extract /\x23.{35}\x02/ error "initiator error"

accept [23 04 00 00 00*28 00 00 00 00 02 07 00*10] as login from "tgt 1.0"
accept [23 87 00 00 00 00 00 00 40 00 01 37 00 00 00 00 00*20 00 00 00*10] as login
accept [3f 80 04 00 00 00 00 30 00*8 ff ff ff ff 00*28] as reject
reject [43 87 00 00 00 00 00 46]
reject [23 04 00 00 00*28 00 00 00 00 05 07 00*10]
