protocol smart-install
title    "Cisco Smart Install client"
source   "Cisco Talos, Smart Install Client Misuse (query and answer)"
ports    4786

probe smart-install
    send [00 00 00 01 00 00 00 01 00 00 00 04 00 00 00 08 00 00 00 01 00 00 00 00]

rule answer rank 92
    at 0 [00 00 00 04 00 00 00 00 00 00 00 03 00 00 00 08 00 00 00 01 00 00 00 00]

accept [00 00 00 04 00 00 00 00 00 00 00 03 00 00 00 08 00 00 00 01 00 00 00 00] as answer answers smart-install
reject [00 00 00 01 00 00 00 01 00 00 00 04 00 00 00 08 00 00 00 01 00 00 00 00]
