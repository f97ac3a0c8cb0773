protocol hylafax
title    "HylaFAX client protocol"
source   "hfaxd(8) of HylaFAX 6.0"
ports    4559
speaks-first yes

rule greeting rank 88
    pattern /220[ -][^\r\n]*\bHylaFAX\b[^\r\n]*\r\n/

extract /220[ -](?<hostname>[A-Za-z0-9][A-Za-z0-9.-]*) server \(HylaFAX[^)]*\) Version (?<version>[0-9][0-9.]*)/ product "HylaFAX"

accept "220 fax.example.org server (HylaFAX (tm) Version 6.0.6) ready.\r\n" as greeting first
reject "220 fax.example.org server ready.\r\n"
