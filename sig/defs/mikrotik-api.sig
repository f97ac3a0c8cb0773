protocol mikrotik-api
title    "MikroTik RouterOS API"
source   "https://help.mikrotik.com/docs/spaces/ROS/pages/47579160/API (words, sentences, replies)"
maybe-ports 8728

# A command that needs a login, without one.
probe mikrotik-api
    send [07] "/cancel" [00]

# A sentence: each word behind its length; the first is a reply word.
rule reply rank 90
    start [05] "!done" | [05] "!trap" | [06] "!fatal" | [03] "!re"
    pattern /.![a-z]+(?:[\x01-\x7f][\x20-\x7e]+)?/

accept [06] "!fatal" [0d] "not logged in" [00] as reply answers mikrotik-api
accept [05] "!done" [25] "=ret=0123456789abcdef0123456789abcdef" [00]
reject [07] "/cancel" [00]
reject [05] "done!" [00]
