protocol pcworx
title    "Phoenix Contact PC Worx"
source   "PC Worx session set-up as published by Digital Bond's Redpoint project"
ports    1962

# The first message of a session.
probe pcworx
    send [01 01 00 1a 00 00 00 00 78 80 00 03 00 0c] "IBETH01N0_M" [00]

# Its answer: 0x81, and a length that agrees.
rule session rank 84
    answers pcworx
    at 0 [81 01 00]
    be16 2 in 18..64
    length be16 2 exact

accept [81 01 00 14 00 00 00 00 78 80 00 03 00 02 00 00 00 01 00 00] answers pcworx as session
reject [81 01 00 14 00 00 00 00 78 80 00 03 00 02 00 00 00 01 00 00]
reject [01 01 00 1a 00 00 00 00 78 80 00 03 00 0c] "IBETH01N0_M" [00]
