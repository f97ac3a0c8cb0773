protocol sphinx
title    "Sphinx and Manticore search daemon, binary API"
source   "Sphinx 2.2 api/sphinxapi.php (version handshake, status and command version of each answer)"
ports    9312
speaks-first yes

# Protocol version 1; then, for a question it does not like, status 1 (error), version, length, text.
rule error rank 88
    at 0 [00 00 00 01 00]
    u8 5 in 1..3
    be32 8 in 5..512
    be32 12 in 1..508
    pattern /.{16}(?<error>(?:invalid command|major command version|client version|unknown command)[\x20-\x7e]*)/

# The version alone says too little to name it.
rule version rank 15
    at 0 [00 00 00 01]
    size 4
    candidates sphinx

accept [00 00 00 01 00 01 00 00 00 00 00 30 00 00 00 2c] "invalid command (code=12064, len=1414541105)" \
    as error error "invalid command (code=12064, len=1414541105)" from "Sphinx 2.2"
unsure [00 00 00 01] as version
reject [00 00 00 01 00 01 00 00 00 00 00 30 00 00 00 2c]
reject [00 00 00 02]
