protocol openvpn
title    "OpenVPN over TCP"
source   "https://openvpn.net/community-resources/openvpn-protocol/, OpenVPN 2.6 doc/doxygen/doc_protocol_overview.h"
ports    1194

# P_CONTROL_HARD_RESET_CLIENT_V2 (7), key 0, a session id, no acknowledgements, packet 0.
probe openvpn
    send [00 0e 38] "synspect" [00 00 00 00 00]

# P_CONTROL_HARD_RESET_SERVER_V2 (8), key 0: session id, one acknowledgement of packet 0 with our
# session id, packet 0.
rule reset rank 86
    at 0 [00 1a 40]
    at 11 [01 00 00 00 00]
    at 24 [00 00 00 00]

rule reset-answered rank 90
    answers openvpn
    at 2 [40]
    contains "synspect" within 10..40

# Without acknowledgement it is 14 bytes long.
rule reset-plain rank 74
    at 0 [00 0e 40]
    at 11 [00 00 00 00 00]
    size 16

# With tls-auth: an HMAC of 20 or 32 bytes, a packet number and a time stand before the rest.
rule reset-auth rank 84
    at 0 [00 36 40]
    at 31 [00 00 00 01]
    at 39 [01 00 00 00 00]
    at 52 [00 00 00 00]

rule reset-auth-256 rank 84
    at 0 [00 42 40]
    at 43 [00 00 00 01]
    at 51 [01 00 00 00 00]

# With tls-crypt: packet number 1 and a time, then the rest is encrypted.
rule reset-crypt rank 80
    at 0 [00 42 40]
    at 11 [00 00 00 01]
    be32 15 in 0x50000000..0x90000000
    size 68

accept [00 36 40] "12345678" [11*20 00 00 00 01 5e 3e 7b 98 01 00 00 00 00] "abcdefgh" [00 00 00 00] as reset-auth
accept [00 42 40] "12345678" [11*32 00 00 00 01 5e 3e 7b 98 01 00 00 00 00] "abcdefgh" [00 00 00 00] as reset-auth-256
accept [00 42 40] "12345678" [00 00 00 01 63 cf 4f f5 22*49] as reset-crypt
accept [00 1a 40 35 54 9e 17 97 0f 51 9f 01 00 00 00 00 01 02 03 04 05 06 07 08 00 00 00 00] as reset \
    from "OpenVPN 2.6"
accept [00 2a 40 35 54 9e 17 97 0f 51 9f 01 00 00 00 00] "synspect" [00 00 00 00 00*16] answers openvpn \
    as reset-answered
accept [00 0e 40 35 54 9e 17 97 0f 51 9f 00 00 00 00 00] as reset-plain
reject [00 0e 38 35 54 9e 17 97 0f 51 9f 00 00 00 00 00]
reject [00 1a 40 35 54 9e 17 97 0f 51 9f 02 00 00 00 00 01 02 03 04 05 06 07 08 00 00 00 00]
