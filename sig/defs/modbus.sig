protocol modbus
title    "Modbus/TCP"
source   "MODBUS Messaging on TCP/IP Implementation Guide V1.0b section 3.1.3, MODBUS Application Protocol V1.1b3 sections 6 and 7"
ports    502
maybe-ports 503 5020

# Read device identification, basic, from unit 0.
probe modbus
    send [53 59 00 00 00 05 00 2b 0e 01 00]

# An exception: three bytes, a function with the top bit, a code of the table.
rule exception rank 88
    at 2 [00 00 00 03]
    u8 7 in 0x81..0x98 0xab
    u8 8 in 1..8 0x0a 0x0b
    size 9

rule identification rank 92
    at 2 [00 00]
    length be16 4 + 6 cut
    be16 4 in 8..253
    at 7 [2b 0e]
    u8 9 in 1..4
    u8 10 in 0x01..0x03 0x81..0x83

# Data that was read: two lengths agree with each other and with what came.
rule data rank 86
    at 2 [00 00]
    be16 4 in 4..254
    length be16 4 + 6 exact
    u8 7 in 1..4 0x17
    length u8 8 + 9 exact

extract /.{7}\x2b\x0e.{5,6}\x00.(?<vendor>[\x20-\x7e]+)\x01.(?<product>[\x20-\x7e]+)\x02.(?<version>[\x20-\x7e]+)/

accept [5a 47 00 00 00 1c 00 2b 0e 01 83 00 00 03 00 03] "Lab" [01 02] "LP" [02 09] "3.0.0.rc1" \
    as identification vendor "Lab" product "LP" version "3.0.0.rc1" from "pymodbus 3.0"
accept [53 59 00 00 00 03 00 ab 01] as exception answers modbus
accept [00 01 00 00 00 05 01 03 02 00 2a] as data
reject [53 59 00 00 00 05 00 2b 0e 01 00]
reject [53 59 00 00 00 03 00 ab 00]
reject [00 01 00 00 00 05 01 03 03 00 2a]
