protocol openwire
title    "ActiveMQ OpenWire"
source   "https://activemq.apache.org/components/classic/documentation/openwire-version-2-specification (WireFormatInfo)"
ports    61616
maybe-ports 61617
speaks-first yes

# The length of the rest, type 1, the magic word and a version.
rule wireformat rank 95
    at 4 [01] "ActiveMQ" [00 00 00]
    u8 16 in 1..13
    be32 0 in 12..8192

extract /.{17,300}?ProviderVersion\x09.(?<version>[0-9][0-9A-Za-z.-]*)/ product "ActiveMQ"
extract /.{17,500}?ProviderVersion\x09\x00.(?<version>[0-9][0-9A-Za-z.-]*)/ product "ActiveMQ"

accept [00 00 01 52 01] "ActiveMQ" [00 00 00 0c 01 00 00 01 40] as wireformat first from "ActiveMQ 5.17"
reject [00 00 01 52 01] "ActiveMX" [00 00 00 0c 01]
reject [00 00 01 52 01] "ActiveMQ"
