protocol time
title    "Time"
source   "RFC 868"
ports    37
speaks-first yes

# Four bytes and no more: seconds since 1900, so a year from 2016 to 2036 (the counter's end) begins
# with 0xda to 0xff. That alone is no proof.
rule seconds rank 12
    u8 0 in 0xda..0xfe
    size 4
    candidates time

unsure [ee ad 82 88] as seconds from "OpenBSD inetd"
reject [00 ad 82 88]
reject [ee ad 82 88 00]
reject [ff ff ff ff]
