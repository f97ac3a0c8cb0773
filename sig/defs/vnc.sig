protocol vnc
title    "Remote framebuffer protocol"
source   "RFC 6143 section 7.1.1"
ports    5900 5901 5902 5903
maybe-ports 5800 5904-5910
speaks-first yes

rule version rank 95
    pattern /RFB (?<proto_version>[0-9]{3}\.[0-9]{3})\n/

extract /RFB 003.889\n/ product "Apple Remote Desktop"

accept "RFB 003.008\n" first open proto_version "003.008"
accept "RFB 003.003\n" [00 00 00 00 00 00 00 1a] "Too many security failures"
accept "RFB 003.889\n" product "Apple Remote Desktop"
reject "RFB 3.8\n"
reject "RFB 003.008"
reject "RFC 003.008\n"
