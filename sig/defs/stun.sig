protocol stun
title    "STUN and TURN over TCP"
source   "RFC 8489 sections 5, 6 and 14; RFC 8656 section 14"
ports    3478
maybe-ports 3479

# Binding request without attributes.
probe stun
    send [00 01 00 00 21 12 a4 42] "synspect-id!"

# Responses: class bits 0x0100 (success) or 0x0110 (error), a known method, the magic cookie, a
# length of a multiple of four that agrees.
rule response rank 94
    be16 0 in 0x0101 0x0103 0x0104 0x0108 0x0109 0x0111 0x0113 0x0114 0x0118 0x0119
    at 4 [21 12 a4 42]
    be16 2 & 3 = 0
    length be16 2 + 20 cut

# Without the cookie (RFC 3489): a mapped address as first attribute.
rule classic rank 84
    at 0 [01 01]
    be16 2 in 12..256
    at 20 [00 01 00 08 00 01]
    length be16 2 + 20 whole

# Framed for ICE over TCP (RFC 4571): the length stands in front.
rule framed rank 90
    length be16 0 + 2 cut
    be16 2 in 0x0101 0x0111
    at 6 [21 12 a4 42]

extract /.{20}.{0,200}?\x80\x22\x00.(?<product>[\x20-\x7e]{3,64})/

accept [01 01 00 0c 21 12 a4 42] "synspect-id!" [00 20 00 08 00 01 11 22 33 44 55 66] as response answers stun
accept [01 11 00 10 21 12 a4 42] "synspect-id!" [80 22 00 0c] "Coturn-4.5.2" product "Coturn-4.5.2"
accept [00 20 01 01 00 0c 21 12 a4 42] "synspect-id!" [00 20 00 08 00 01 11 22 33 44 55 66] as framed
accept [01 01 00 0c 00*16 00 01 00 08 00 01 11 22 33 44 55 66] as classic
reject [00 01 00 00 21 12 a4 42] "synspect-id!"
reject [01 01 00 0c 21 12 a4 43] "synspect-id!" [00 20 00 08 00 01 11 22 33 44 55 66]
