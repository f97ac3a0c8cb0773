protocol epmd
title    "Erlang port mapper daemon"
source   "https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html (NAMES_REQ, EPMD_NAMES)"
ports    4369

# NAMES_REQ.
probe epmd
    send [00 01 6e]

# The port of the daemon itself (4369), then a line a node.
rule names rank 90
    at 0 [00 00 11 11]
    pattern /....name \S+ at port [0-9]{1,5}\n/

rule no-names rank 84
    answers epmd
    at 0 [00 00 11 11]
    size 4

extract /....name (?<hostname>\S+) at port/

accept [00 00 11 11] "name rabbit at port 25672\n" as names from "Erlang/OTP 25" hostname "rabbit"
accept [00 00 11 11] answers epmd as no-names
reject [00 00 11 11]
reject [00 00 11 12] "name rabbit at port 25672\n"
