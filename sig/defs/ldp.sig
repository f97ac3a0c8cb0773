protocol ldp
title    "Label Distribution Protocol"
source   "RFC 5036 sections 3.1, 3.5.1 and 3.5.3"
ports    646

# Version 1, lengths that agree, and a session to open (its parameters) or one that is refused (a
# status).
rule message rank 92
    at 0 [00 01]
    length be16 2 + 4 cut
    be16 2 in 18..4096
    at 8 [00 00]
    at 10 [02 00] | [00 01]
    be16 12 in 8..4000
    at 18 [05 00 00 0e 00 01] | [03 00 00 0a]

accept [00 01 00 20 0a 00 00 01 00 00 02 00 00 16 00 00 00 01 05 00 00 0e 00 01 00 b4 00 00 00 00 0a 00 00 02 \
    00 00] as message
accept [00 01 00 1c 0a 00 00 01 00 00 00 01 00 12 00 00 00 01 03 00 00 0a 80 00 00 0a 00 00 00 00 00 00]
reject [00 01 00 20 0a 00 00 01 00 00 02 00 00 16 00 00 00 01 05 00 00 0e 00 02 00 b4 00 00 00 00 0a 00 00 02 \
    00 00]
