protocol erlang-dist
title    "Erlang distribution protocol"
source   "https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html section 13.2"
maybe-ports 25672 9100-9105

# send_name of version 6, with the flags that Erlang/OTP 25 and 26 want.
probe erlang-dist
    send [00 19] "N" [00 00 00 0d 07 df 7f bd 00 00 00 01 00 0a] "x@synspect"

# A status, with two bytes of length, that agrees.
rule status rank 90
    length be16 0 + 2 cut
    be16 0 in 3..16
    at 2 "sok" | "sok_simultaneous" | "snok" | "snot_allowed" | "salive" | "snamed:"

accept [00 03] "sok" [00 17 6e 00 05] as status answers erlang-dist
accept [00 0c] "snot_allowed" as status
reject [00 03] "sko"
reject [00 03] "so"
