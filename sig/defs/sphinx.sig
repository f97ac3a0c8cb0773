protocol sphinx
title    "Sphinx and Manticore search daemon, binary API"
source   "Sphinx 2.2 api/sphinxapi.php (version handshake, status and command version of each answer)"
ports    9312

# The version of the protocol and a command that does not exist: the answer says so. Its greeting
# alone would say too little, so it is asked at once.
probe sphinx
    send [00 00 00 01] [7f ff 01 00 00 00 00 00]

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
