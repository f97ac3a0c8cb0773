protocol citrix-ica
title    "Citrix Independent Computing Architecture"
source   "Citrix Virtual Apps, ICA greeting as published by the Wireshark and Zeek projects"
ports    1494
maybe-ports 2598
speaks-first yes

rule ica rank 92
    start [7f 7f] "ICA" [00]

rule cgp rank 92
    start [1a] "CGP/"

accept [7f 7f] "ICA" [00 7f 7f] "ICA" [00] as ica first
accept [1a] "CGP/01" as cgp
reject [7f 7f] "ICB" [00]
reject "CGP/01"
