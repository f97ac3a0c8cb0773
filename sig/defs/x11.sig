protocol x11
title    "X Window System"
source   "X Window System Protocol, X Version 11, section 8 and appendix B"
ports    6000-6005
maybe-ports 6006-6063

# Connection setup, little endian, version 11.0, no authorization.
probe x11
    send "l" [00 0b 00 00 00 00 00 00 00 00 00]

# Failed: length of the reason, version 11.0, and the reason padded to four bytes.
rule failed-le rank 88
    at 0 [00]
    u8 1 in 8..255
    at 2 [0b 00 00 00]
    le16 6 in 2..64
    length le16 6 * 4 + 8 whole
    pattern /.{8}(?<error>[\x20-\x7e\n]{8,})/

rule failed-be rank 88
    at 0 [00]
    u8 1 in 8..255
    at 2 [00 0b 00 00]
    be16 6 in 2..64
    length be16 6 * 4 + 8 whole
    pattern /.{8}(?<error>[\x20-\x7e\n]{8,})/

# Success: version 11.0, and a vendor whose length agrees with that of the data.
rule success-le rank 88
    at 0 [01 00 0b 00 00 00]
    le16 6 in 10..16384
    le16 24 in 1..200
    u8 28 in 0..16
    pattern /.{40}(?<vendor>[\x20-\x7e]+)/

rule success-be rank 88
    at 0 [01 00 00 0b 00 00]
    be16 6 in 10..16384
    be16 24 in 1..200
    u8 28 in 0..16
    pattern /.{40}(?<vendor>[\x20-\x7e]+)/

accept [00 40 0b 00 00 00 10 00] "Authorization required, but no authorization protocol specified\n" \
    as failed-le from "Xvfb 21.1"
accept [00 16 00 0b 00 00 00 06] "No protocol specified\n" [00 00] as failed-be
accept [01 00 0b 00 00 00 53 00 8f a5 b8 00 00 00 00 01 ff ff 1f 00 00 01 00 00 14 00 ff ff 01 06 00 00] \
    [20 20 08 ff 00 00 00 00] "The X.Org Foundation" [00] as success-le vendor "The X.Org Foundation"
accept [01 00 00 0b 00 00 00 53 00 8f a5 b8 00 00 00 00 01 ff ff 1f 00 00 01 00 00 14 ff ff 01 06 00 00] \
    [20 20 08 ff 00 00 00 00] "The X.Org Foundation" [00] as success-be
reject [00 40 0b 00 01 00 10 00] "Authorization required, but no authorization protocol specified\n"
reject [01 00 0b 00 00 00]
reject [00 40 0b 00 00 00 10 00*66]
