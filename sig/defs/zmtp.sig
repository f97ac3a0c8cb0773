protocol zmtp
title    "ZeroMQ message transport protocol"
source   "https://rfc.zeromq.org/spec/23/ (ZMTP 3.0, greeting)"
ports    5555
maybe-ports 5556 5557
speaks-first yes

probe zmtp
    send [ff 00*8 7f 03 00] "NULL" [00*16] [00] [00*31]

# The signature of ten bytes, which all versions since 2.0 send; the version may follow.
rule greeting rank 92
    at 0 [ff 00 00 00 00 00 00 00 0? 7f]

extract /\xff.{8}\x7f\x03[\x00\x01](?<auth>[A-Z]{2,20})\x00/ proto_version "3"

accept [ff 00 00 00 00 00 00 00 01 7f] as greeting first from "libzmq 4.3"
accept [ff 00 00 00 00 00 00 00 00 7f 03 00] "CURVE" [00*47] auth "CURVE" proto_version "3"
reject [ff 00 00 00 00 00 00 00 01 7e]
reject [ff*10]
