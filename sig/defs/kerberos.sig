protocol kerberos
title    "Kerberos V5 over TCP"
source   "RFC 4120 sections 5.9.1 and 7.2.2"
ports    88
maybe-ports 464 749

# An AS-REQ for a principal that cannot exist, so that an error comes back.
probe kerberos
    send [00 00 00 6a] [6a 68 30 66 a1 03 02 01 05 a2 03 02 01 0a a4 5a 30 58 a0 07 03 05 00 00 00 00 00] \
         [a1 15 30 13 a0 03 02 01 01 a1 0c 30 0a 1b 08] "synspect" \
         [a2 03 1b 01] "X" [a3 14 30 12 a0 03 02 01 02 a1 0b 30 09 1b 06] "krbtgt" [1b] \
         [00] [a5 11 18 0f] "20370101000000Z" [a7 06 02 04 73 79 6e 31 a8 05 30 03 02 01 12]

# Length, [APPLICATION 30] KRB-ERROR, SEQUENCE, pvno 5, msg-type 30.
rule error rank 95
    length be32 0 + 4 cut
    be32 0 in 30..65536
    skip 4
    ber [7e]
    ber [30]
    at 0 [a0 03 02 01 05 a1 03 02 01 1e]

# AS-REP or TGS-REP.
rule reply rank 95
    length be32 0 + 4 cut
    be32 0 in 100..65536
    skip 4
    at 0 [6b] | [6d]
    contains [a0 03 02 01 05 a1 03 02 01 0b] | [a0 03 02 01 05 a1 03 02 01 0d] within 2..12

extract /.{4}\x7e.{20,110}?\xa9.\x1b.(?<realm>[A-Za-z0-9.-]{1,64})\xaa/

accept [00 00 00 5a 7e 58 30 56 a0 03 02 01 05 a1 03 02 01 1e a4 11 18 0f] "20261122150232Z" \
    [a5 05 02 03 03 ae 55 a6 03 02 01 3d a9 0b 1b 09] "LAB.LOCAL" [aa 1e 30 1c a0 03 02 01 02 a1 15 30 13 1b 06] \
    "krbtgt" [1b 09] "LAB.LOCAL" as error realm "LAB.LOCAL" from "MIT Kerberos 1.20"
accept [00 00 02 00 6b 82 01 fc 30 82 01 f8 a0 03 02 01 05 a1 03 02 01 0b a2] as reply
reject [00 00 00 5a 7e 58 30 56 a0 03 02 01 04 a1 03 02 01 1e]
reject [00 00 00 6a 6a 68 30 66 a1 03 02 01 05]
