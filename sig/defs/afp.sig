protocol afp
title    "Apple Filing Protocol over TCP (DSI)"
source   "Apple Filing Protocol Reference, Data Stream Interface"
ports    548

# DSIGetStatus.
probe afp
    send [00 03 53 59 00 00 00 00 00 00 00 00 00 00 00 00]

# A reply (1) to GetStatus (3), no error, a length, offsets into the block.
rule status rank 92
    at 0 [01 03]
    at 4 [00 00 00 00]
    be32 8 in 20..4096
    length be32 8 + 16 cut
    at 12 [00 00 00 00]
    be16 16 in 24..1024
    be16 18 in 24..1024
    contains "AFP" within 40..600

extract /.{40,300}?(?<version>AFP ?[X0-9.]+)/

accept [01 03 53 59 00 00 00 00 00 00 00 40 00 00 00 00] [00 1c 00 24 00 30 00 00 80 43 06] "server" [00*14] \
    [08] "Netatalk" [02 06] "AFP2.2" [06] "AFPX03" [00*8] as status
reject [00 03 53 59 00 00 00 00 00 00 00 00 00 00 00 00]
reject [01 03 53 59 00 00 00 00 00 00 00 30 00 00 00 00 00*48]
