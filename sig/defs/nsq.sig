protocol nsq
title    "NSQ"
source   "https://nsq.io/clients/tcp_protocol_spec.html (frame format, error codes)"
ports    4150
maybe-ports 4160

probe nsq
    send "  V2NOP\nFIN\n"

# Length, frame type 1 (error), an error code that begins with E_.
rule error rank 88
    length be32 0 + 4 cut
    at 4 [00 00 00 01] "E_"
    pattern /.{8}(?<error>E_[A-Z_]+)/

rule heartbeat rank 88
    at 0 [00 00 00 0f 00 00 00 00] "_heartbeat_"

accept [00 00 00 24 00 00 00 01] "E_INVALID FIN insufficient param" as error error "E_INVALID"
accept [00 00 00 0f 00 00 00 00] "_heartbeat_" as heartbeat
accept [00 00 00 12 00 00 00 01] "E_BAD_PROTOCOL"
reject [00 00 00 24 00 00 00 02] "E_INVALID FIN insufficient param"
