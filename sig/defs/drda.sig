protocol drda
title    "Distributed Relational Database Architecture (Db2, Derby, Informix)"
source   "Open Group C112 (DRDA V5 Vol. 3: DDM) terms DSS, EXCSAT, EXCSATRD, SYNTAXRM"
ports    50000
maybe-ports 446 1527 50001 60000

# EXCSAT with an external name and one manager level.
probe drda
    send [00 1a d0 01 00 01] [00 14 10 41] [00 08 11 5e 82 a8 95 82] [00 08 14 04 14 03 00 07]

# A reply DSS: length, 0xd0, a format of reply or object, a correlation id, then an object whose
# length fits and whose code point is EXCSATRD, SYNTAXRM, PRCCNVRM, CMDNSPRM, MGRLVLRM or VALNSPRM.
rule reply rank 92
    length be16 0 cut
    be16 0 in 10..4096
    at 2 [d0]
    u8 3 & 0x0f in 2..3
    be16 4 in 0..8
    be16 6 in 4..4090
    at 8 [14 43] | [12 4c] | [12 45] | [12 50] | [12 10] | [12 52] | [12 32] | [12 1c]

extract /.{6}..\x14\x43.{0,400}?\x11\x47(?<product>[\x20-\x7e]{3,64}?)(?:[\x00-\x1f]|$)/

accept [00 1c d0 42 00 01 00 16 14 43] [00 08 11 5e 82 82 82 82 00 0a 11 47] "QDB2/x" as reply product "QDB2/x"
accept [00 15 d0 02 00 01 00 0f 12 4c 00 06 11 49 00 08 00 05 11 4a 01]
reject [00 1a d0 01 00 01 00 14 10 41 00 08 11 5e 82 a8 95 82 00 08 14 04 14 03 00 07]
reject [00 1c d0 42 00 01 00 16 14 44 00 08 11 5e 82 82 82 82 00 0a 11 47] "QDB2/x"
