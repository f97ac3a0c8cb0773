protocol firebird
title    "Firebird and InterBase remote protocol"
source   "https://www.firebirdsql.org/file/documentation/html/en/firebirddocs/wireprotocol/firebird-wire-protocol.html sections 2 and 3"
ports    3050

# op_connect for protocols 10 and 13, to attach; the answer is an accept or a response with an error.
probe firebird
    send [00 00 00 01] [00 00 00 13] [00 00 00 03] [00 00 00 01] [00 00 00 08] "synspect" [00 00 00 02]
    send [00 00 00 0a] [01 08] "synspect" [00 00]
    send [00 00 00 0a 00 00 00 01 00 00 00 00 00 00 00 05 00 00 00 02]
    send [ff ff 80 0d 00 00 00 01 00 00 00 00 00 00 00 05 00 00 00 04]

# op_accept: a protocol version, the generic architecture and a type.
rule accept rank 86
    at 0 [00 00 00 03]
    pattern /\x00\x00\x00\x03(?:\x00\x00\x00\x0a|\xff\xff\x80[\x0b-\x14])\x00\x00\x00[\x01-\x1d]\x00\x00\x0?[\x00-\x05]/

# op_accept_data and op_cond_accept carry authentication too.
rule accept-data rank 88
    at 0 [00 00 00 5e] | [00 00 00 62]
    at 4 [ff ff 80]
    u8 7 in 0x0a..0x14
    be32 8 in 1..29
    be32 12 in 0..0x205

# op_cont_auth asks for more of the authentication, with nothing to say yet.
rule cont-auth rank 88
    answers firebird
    at 0 [00 00 00 5c]
    be32 4 in 0..1024
    size 20..2048

# op_response with a status vector that speaks of Firebird (facility 20: 0x14).
rule response rank 88
    at 0 [00 00 00 09]
    contains [00 00 00 01 14 ??] within 12..40

# op_reject, which is all there is to it.
rule reject rank 78
    answers firebird
    at 0 [00 00 00 04]
    size 4

accept [00 00 00 03 ff ff 80 0d 00 00 00 01 00 00 00 04] as accept
accept [00 00 00 5e ff ff 80 0d 00 00 00 01 00 00 00 05 00 00 00 00] as accept-data
accept [00 00 00 5c 00*16] answers firebird as cont-auth from "Firebird 3.0"
accept [00 00 00 09 00*16 00 00 00 01 14 00 00 08 00 00 00 00] as response from "Firebird 3.0"
accept [00 00 00 04] answers firebird as reject from "Firebird 3.0"
reject [00 00 00 04]
reject [00 00 00 5c 00*16]
reject [00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 00]
reject [00 00 00 09 00*28]
