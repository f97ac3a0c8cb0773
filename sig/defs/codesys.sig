protocol codesys
title    "CODESYS version 2 run-time"
source   "CODESYS v2 device query as published by Digital Bond's Redpoint project"
ports    1200
maybe-ports 2455

# Asks for operating system and product, little endian.
probe codesys
    send [bb bb 01 00 00 00 01]

# The same magic, and the operating system at a fixed place.
rule device rank 86
    at 0 [bb bb]
    size 100..
    contains "Windows" | "Nucleus" | "Linux" | "VxWorks" | "eCos" | "CoDeSys" | "QNX" | "SMX" | "WAGO" within 32..192

accept [bb bb 01 00 00 00 01 00*57] "Nucleus PLUS" [00*20] "Nucleus PLUS version unknown" [00*8] as device
reject [bb bb 01 00 00 00 01]
