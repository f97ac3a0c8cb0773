protocol tls
title    "Transport Layer Security"
source   "RFC 8446 sections 4.1.3, 5.1 and 6; RFC 5246 sections 6.2.1, 7.2 and 7.4.1.3; RFC 6101"
ports    443 465 563 614 636 853 989 990 992 993 994 995 2376 2484 3269 4433 5061 5223 5349 5671 \
         5986 6514 6679 6697 8443 8883 9443 10443

# A hello of our own: TLS 1.2 and 1.3 in one (RFC 8446 section 4.1.2), with the ciphers and groups
# that most servers have, and no server name. Where its bytes are free, in the session id and at the
# end of the key share, there are lines for those who read lines: they answer or complain. Servers of
# TLS see a hello like any other, with nothing behind it.
probe tls
    # record: handshake, 3.1, length; handshake: client hello, length
    send [16 03 01 00 d4] [01 00 00 d0] [03 03]
    # random and session id
    send "synspect: what do you speak here" [20] "see RFC 8446:\r\n\r\nstats\r\nhelp\r\n\r\n"
    # cipher suites: 1.3, then ECDHE and RSA of 1.2 and before
    send [00 2a] [13 01 13 02 13 03 c0 2b c0 2f c0 2c c0 30 cc a9 cc a8 c0 13 c0 14 c0 09 c0 0a \
         00 9c 00 9d 00 2f 00 35 00 0a 00 33 00 39 00 ff]
    send [01 00]
    send [00 5d]
    # supported groups: x25519, secp256r1, secp384r1
    send [00 0a 00 08 00 06 00 1d 00 17 00 18]
    # point formats
    send [00 0b 00 02 01 00]
    # signature algorithms
    send [00 0d 00 14 00 12 04 03 08 04 04 01 05 03 08 05 05 01 08 06 06 01 02 01]
    # supported versions: 1.3, 1.2
    send [00 2b 00 05 04 03 04 03 03]
    # key share: x25519
    send [00 33 00 26 00 24 00 1d 00 20] "a public point on x25519....\r\n\r\n"

# Server hello, alone in its record or with others (RFC 8446 section 5.1). Behind the session id
# stand the cipher and the null compression, the only one that is left.
rule server-hello rank 92
    at 0 [16 03 0?]
    u8 2 in 0..4
    be16 3 in 42..16640
    at 5 [02 00]
    be16 7 in 38..16380
    at 9 [03 0?]
    u8 10 in 0..3
    u8 43 in 0..32
    value proto_version u8 10 0 "SSL 3.0" 1 "1.0" 2 "1.1" 3 "1.2"
    skip u8 43 + 44
    u8 2 in 0..1
    not u8 0 = 0x13
    rewind
    value proto_version u8 10 0 "SSL 3.0" 1 "1.0" 2 "1.1" 3 "1.2"

# Ciphers 0x13xx belong to TLS 1.3, which still writes 1.2 in the old version field
# (RFC 8446 sections 4.1.3 and B.4).
rule server-hello-13 rank 92
    at 0 [16 03 03]
    be16 3 in 42..16640
    at 5 [02 00]
    be16 7 in 38..16380
    at 9 [03 03]
    u8 43 in 0..32
    skip u8 43 + 44
    at 0 [13 0? 00]
    set proto_version "1.3"
    value cipher be16 0 hex 0x1301 "TLS_AES_128_GCM_SHA256" 0x1302 "TLS_AES_256_GCM_SHA384" \
        0x1303 "TLS_CHACHA20_POLY1305_SHA256"

# A refusal: alert record, version, length 2, level 1 or 2, a known description
# (RFC 8446 section 6; RFC 5246 section 7.2).
rule alert rank 90
    at 0 [15 03 0?]
    u8 2 in 0..4
    at 3 [00 02]
    u8 5 in 1..2
    u8 6 in 0 10 20..22 30 40..51 60 70..71 80 86 90 100 109..116 120
    value alert u8 6 0 "close_notify" 10 "unexpected_message" 20 "bad_record_mac" \
        21 "decryption_failed" 22 "record_overflow" 40 "handshake_failure" 42 "bad_certificate" \
        43 "unsupported_certificate" 44 "certificate_revoked" 45 "certificate_expired" \
        46 "certificate_unknown" 47 "illegal_parameter" 48 "unknown_ca" 49 "access_denied" \
        50 "decode_error" 51 "decrypt_error" 70 "protocol_version" 71 "insufficient_security" \
        80 "internal_error" 86 "inappropriate_fallback" 90 "user_canceled" \
        100 "no_renegotiation" 109 "missing_extension" 110 "unsupported_extension" \
        112 "unrecognized_name" 116 "certificate_required" 120 "no_application_protocol"
    value proto_version u8 2 0 "SSL 3.0" 1 "1.0" 2 "1.1" 3 "1.2" 4 "1.3"

# TLS 1.3 sends alerts after the hello as records of its own; a hello retry request is a hello.
accept [16 03 03 00 2a 02 00 00 26 03 03 11*32 00 c0 2f 00] as server-hello open proto_version "1.2"
accept [16 03 03 00 7a 02 00 00 76 03 03 22*32 20 33*32 13 01 00 00 2e 00 2b 00 02 03 04 00 33 00 \
    24 00 1d 00 20 44*32] as server-hello-13 proto_version "1.3" cipher "TLS_AES_128_GCM_SHA256"
accept [15 03 01 00 02 02 28] as alert open alert "handshake_failure" proto_version "1.0"
accept [15 03 03 00 02 02 46] alert "protocol_version"
reject [16 03 01 00 2f 01 00 00 2b 03 03]
reject [15 03 01 00 02 02 ff]
reject [15 03 01 00 04 02 28 00 00]
reject [16 03 03 00 2a 02 00]
reject [16*64]
