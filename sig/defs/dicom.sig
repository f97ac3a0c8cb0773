protocol dicom
title    "DICOM upper layer"
source   "DICOM PS3.8 section 9.3 (PDU structure), PS3.7 annex A"
ports    104 11112
maybe-ports 2761 2762 4242

# A-ASSOCIATE-RQ: verification, implicit little endian.
probe dicom
    send [01 00] [00 00 00 aa] [00 01 00 00] "SYNSPECT        " "SYNSPECT        " [00*32]
    send [10 00 00 15] "1.2.840.10008.3.1.1.1"
    send [20 00 00 2e 01 00 00 00] [30 00 00 11] "1.2.840.10008.1.1" [40 00 00 11] "1.2.840.10008.1.2"
    send [50 00 00 17] [51 00 00 04 00 00 40 00] [52 00 00 0b] "1.3.6.1.4.1"

# Accepted: version 1 and the application context.
rule accept rank 94
    at 0 [02 00]
    length be32 2 + 6 cut
    be32 2 in 70..8192
    at 74 [10 00]
    contains "1.2.840.10008.3.1.1.1" within 78..78

# Rejected: result, source and reason of the table.
rule reject rank 92
    at 0 [03 00 00 00 00 04 00]
    u8 7 in 1..2
    u8 8 in 1..3
    u8 9 in 1..10
    size 10

# Aborted by the service user or provider.
rule abort rank 90
    at 0 [07 00 00 00 00 04 00 00]
    u8 8 in 0..2
    u8 9 in 0..6
    size 10

accept [02 00 00 00 00 b8 00 01 00 00] "SYNSPECT        " "SYNSPECT        " [00*32] [10 00 00 15] \
    "1.2.840.10008.3.1.1.1" [21 00] as accept answers dicom
accept [03 00 00 00 00 04 00 01 01 07] as reject answers dicom
accept [07 00 00 00 00 04 00 00 02 01] as abort
reject [01 00 00 00 00 b8 00 01 00 00] "SYNSPECT        " "SYNSPECT        " [00*32]
reject [07 00 00 00 00 04 00 00 03 01]
reject [03 00 00 00 00 04 00 00 01 07]
