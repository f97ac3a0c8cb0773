protocol memcached
title    "memcached text and binary protocol"
source   "https://github.com/memcached/memcached/blob/master/doc/protocol.txt, memcached 1.6.18"
ports    11211

probe memcached
    send "version\r\n"

rule version rank 84
    pattern /(?:ERROR\r\n)*VERSION [0-9]+\.[0-9]+[^\r\n]*\r\n/

rule stats rank 86
    pattern /(?:ERROR\r\n)*STAT pid [0-9]+\r\nSTAT uptime [0-9]+\r\n/

rule client-error rank 76
    start "CLIENT_ERROR " | "SERVER_ERROR "
    ends "\r\n"

# A line that it does not know gets ERROR, and so does the next (protocol.txt, Error strings).
rule errors rank 60
    pattern /(?:ERROR\r\n){2,}/

rule one-error rank 10
    start "ERROR\r\n"
    candidates memcached

# Binary: magic 0x81, a known opcode, no extras beyond 20, and a body of the length stated.
rule binary rank 84
    at 0 [81]
    u8 1 in 0..0x49
    u8 5 = 0
    be16 6 in 0..6 0x20..0x24 0x81..0x86
    length be32 8 + 24 exact

extract /(?:ERROR\r\n)*VERSION (?<version>[0-9][^\r\n]*)\r\n/ product "memcached"
extract /(?:ERROR\r\n)*STAT pid.{1,160}?STAT version (?<version>[0-9][^\r\n]*)\r\n/ product "memcached"

accept "VERSION 1.6.18\r\n" answers memcached as version product "memcached" version "1.6.18"
accept "STAT pid 1\r\nSTAT uptime 33\r\nSTAT time 1795359738\r\nSTAT version 1.6.18\r\n" as stats \
    version "1.6.18"
accept "ERROR\r\nERROR\r\n" answers tls as errors
accept "CLIENT_ERROR bad command line format\r\n" as client-error
accept [81 0b 00 00 00 00 00 00 00 00 00 06 00*12] "1.6.18" as binary
unsure "ERROR\r\n" as one-error
reject "ERROR\n"
reject "VERSION\r\n"
reject [81 0b 00 00 00 00 00 00 00 00 00 07 00*12] "1.6.18"
