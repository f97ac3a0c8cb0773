protocol rtmp
title    "Real-Time Messaging Protocol"
source   "Adobe RTMP specification 1.0 sections 5.2.2 to 5.2.4"
ports    1935


# S0 is the version, 3; S1 has the time and then zeros (or the version of the server's Flash), and
# is 1536 bytes long.
rule handshake rank 76
    at 0 [03]
    at 5 [00 00 00 00] | [0? 0? 0? 0?]
    size 900..4096
    not at 1 [00 ?? ?? 02 f0 80]


accept [03 00 00 10 20 00 00 00 00] [11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 01*1513] as handshake
reject [03 00 00 10 20 00 00 00 00] [11 22 33 44]
reject [03 44*1000]
