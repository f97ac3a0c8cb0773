protocol nrpe
title    "Nagios remote plugin executor, without TLS"
source   "https://github.com/NagiosEnterprises/nrpe (include/common.h: packet structures of version 2 and 3)"
ports    5666

# Version 2 response: type 2, a check sum, a result, and a buffer of 1024 bytes of text.
rule response-2 rank 86
    at 0 [00 02 00 02]
    be16 8 in 0..3
    pattern /.{10}[\x20-\x7e]{3,}/
    size 1036..1040

rule response-3 rank 88
    at 0 [00 03 00 02] | [00 04 00 02]
    be16 8 in 0..3
    be32 12 in 1..65536
    pattern /.{16}[\x20-\x7e]{3,}/

extract /.{10}(?:.{6})?NRPE v(?<version>[0-9.]+)/

accept [00 02 00 02 11 22 33 44 00 00] "NRPE v2.15" [00*1016] as response-2 version "2.15"
accept [00 03 00 02 11 22 33 44 00 00 00 00 00 00 00 0b] "NRPE v3.2.1" [00] as response-3 version "3.2.1"
reject [00 02 00 02 11 22 33 44 00 00] "NRPE v2.15"
reject [00 02 00 01 11 22 33 44 00 00] "NRPE v2.15" [00*1016]
