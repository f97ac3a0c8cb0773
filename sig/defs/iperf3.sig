protocol iperf3
title    "iperf3 network measurement"
source   "iperf 3.12 src/iperf_api.h (states)"
ports    5201

# A cookie of 36 characters and a NUL; the server asks for parameters (9) or denies access (255).
probe iperf3
    send "synspectsynspectsynspectsynspectsyns" [00]

rule state rank 60
    answers iperf3
    at 0 [09] | [ff ff ff ff]
    size 1

rule denied rank 60
    answers iperf3
    at 0 [ff]
    size 1

accept [09] answers iperf3 as state
accept [ff] answers iperf3 as denied
reject [09]
reject [09 00] answers iperf3
