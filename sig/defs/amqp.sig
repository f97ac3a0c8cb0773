protocol amqp
title    "Advanced Message Queuing Protocol"
source   "AMQP 0-9-1 specification sections 4.2.2 and 4.2.3, OASIS AMQP 1.0 part 2 section 2.2"
ports    5672
maybe-ports 5673 1884

probe amqp
    send "AMQP" [00 00 09 01]

# The server's own version, when ours does not suit it.
rule header rank 95
    at 0 "AMQP"
    at 4 [00 00 09 01] | [01 01 00 0a] | [01 01 08 00] | [01 01 00 09] | [01 01 09 01] | [00 01 00 00] | \
         [02 01 00 00] | [03 01 00 00] | [00 00 0a 00]

# connection.start on channel 0, version 0-9.
rule start rank 95
    at 0 [01 00 00]
    be32 3 in 20..131072
    at 7 [00 0a 00 0a 00 09]
    contains "capabilities" | "product" | "mechanisms" | "PLAIN" | "version" within 12..512

extract /\x01\x00\x00.{4}\x00\x0a\x00\x0a.{1,900}?\x07productS\x00\x00\x00.(?<product>[\x20-\x7e]{1,64}?)\x07versionS\x00\x00\x00.(?<version>[0-9][0-9A-Za-z.+-]*)/

accept "AMQP" [00 00 09 01] as header open from "RabbitMQ 3.10"
accept "AMQP" [03 01 00 00]
accept [01 00 00 00 00 00 40 00 0a 00 0a 00 09 00 00 00 25 07] "productS" [00 00 00 08] "RabbitMQ" [07] \
    "versionS" [00 00 00 06] "3.10.8" [00 00 00 05] "PLAIN" as start product "RabbitMQ" version "3.10.8"
reject "AMQP"
reject "AMQPX" [00 09 01]
reject [01 00 00 00 00 00 40 00 0a 00 0b 00 09]
