protocol pptp
title    "Point-to-Point Tunneling Protocol"
source   "RFC 2637 sections 2.1 and 2.2"
ports    1723

# Start-Control-Connection-Request.
probe pptp
    send [00 9c 00 01 1a 2b 3c 4d 00 01 00 00 01 00 00 00] [00 00 00 01 00 00 00 01 00 00 00 01] [00*128]

# Length, message type 1, the magic cookie.
rule cookie rank 96
    at 2 [00 01 1a 2b 3c 4d 00]
    be16 0 in 12..220
    u8 9 in 2..15

extract /.{92}(?<vendor>[\x20-\x7e]{1,64})/
extract /.{28}(?<hostname>[\x20-\x7e]{1,64})/

accept [00 9c 00 01 1a 2b 3c 4d 00 02 00 00 01 00 01 00 00*8 00 01 00 01] "local" [00*59] "linux" [00*59] \
    hostname "local" vendor "linux" from "pptpd 1.4"
accept [00 10 00 01 1a 2b 3c 4d 00 04 00 00 01 01 00 00]
reject [00 9c 00 01 1a 2b 3c 4d 00 01 00 00]
reject [00 9c 00 01 1a 2b 3c 4e 00 02 00 00]
