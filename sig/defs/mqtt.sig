protocol mqtt
title    "MQ Telemetry Transport"
source   "OASIS MQTT 3.1.1 section 3.2, OASIS MQTT 5.0 section 3.2"
ports    1883

probe mqtt
    send [10 14 00 04] "MQTT" [04 02 00 3c 00 08] "synspect"

# CONNACK of version 3: remaining length 2, session flag, return code 0 to 5.
rule connack rank 80
    at 0 [20 02]
    u8 2 in 0..1
    u8 3 in 0..5
    size 4

# The same, and a first packet of the session behind it.
rule connack-more rank 80
    at 0 [20 02]
    u8 2 in 0..1
    u8 3 in 0..5
    at 4 [3?] | [40] | [50] | [62] | [70] | [90] | [b0] | [d0 00]
    u8 5 in 0..127

rule connack-answered rank 84
    answers mqtt
    at 0 [20 02]
    u8 2 in 0..1
    u8 3 in 0..5

# Version 5: a reason code and properties whose length agrees.
rule connack-5 rank 80
    at 0 [20]
    u8 1 in 3..127
    u8 2 in 0..1
    u8 3 in 0 0x80..0x9f
    length u8 1 + 2 exact
    length u8 4 + 5 exact

accept [20 02 00 00] as connack from "OASIS MQTT 3.1.1 section 3.2"
accept [20 02 00 05] answers mqtt as connack-answered from "Mosquitto 2.0"
accept [20 06 00 00 03 22 00 0a] as connack-5
accept [20 02 00 00 90 03 00 01 00] as connack-more
reject [20 02 00 00 91 03 00 01 00]
reject [20 02 00 06]
reject [20 02 02 00]
reject [20 02 00]
reject [20 06 00 00 04 22 00 0a]
