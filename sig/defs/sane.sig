protocol sane
title    "SANE network daemon"
source   "SANE Standard version 1.06 section 5.2 (SANE_NET_INIT)"
ports    6566

# Version 1.0.3 and a user name.
probe sane
    send [00 00 00 00 01 00 00 03 00 00 00 09] "synspect" [00]

# Status good, a version code of major 1.
rule init rank 80
    at 0 [00 00 00 00 01 0?]
    at 6 [00 02] | [00 03]
    size 8

accept [00 00 00 00 01 01 00 03] as init answers sane from "saned 1.2"
reject [00 00 00 01 01 01 00 03]
reject [00 00 00 00 01 01 00 03 00]
