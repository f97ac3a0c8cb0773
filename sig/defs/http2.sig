protocol http2
title    "HTTP/2 without TLS"
source   "RFC 9113 sections 3.4, 4.1 and 6.5"
maybe-ports 50051

probe http2
    send "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" [00 00 00 04 00 00 00 00 00]

# The server's preface is a SETTINGS frame on stream 0, of six bytes a setting, and no ACK.
rule settings rank 92
    be24 0 in 6 12 18 24 30 36 42 48 54 60
    at 3 [04 00 00 00 00 00]
    at 9 [00]
    u8 10 in 1..9
    length be24 0 + 9 whole

# Without settings: an acknowledgement of ours, a window update or a farewell follows.
rule settings-empty rank 92
    at 0 [00 00 00 04 00 00 00 00 00]
    at 9 [00 00 00 04 01 00 00 00 00] | [00 00 04 08 00 00 00 00 00] | [00 00 ?? 07 00 00 00 00 00]

accept [00 00 06 04 00 00 00 00 00 00 03 00 00 00 64] as settings
accept [00 00 00 04 00 00 00 00 00 00 00 00 04 01 00 00 00 00] answers http2 as settings-empty
reject [00 00 07 04 00 00 00 00 00 00 03 00 00 00 64 00]
reject [00 00 06 04 00 00 00 00 01 00 03 00 00 00 64]
