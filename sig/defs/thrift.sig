protocol thrift
title    "Apache Thrift"
source   "https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md, thrift-rpc.md"
maybe-ports 9090 9160 10000

# A call of a method that is not there, framed.
probe thrift
    send [00 00 00 15 80 01 00 01 00 00 00 08] "synspect" [00 00 00 01 00]

# Version 1, reply (2) or exception (3), and a name whose length agrees.
rule framed rank 90
    length be32 0 + 4 cut
    at 4 [80 01 00 02] | [80 01 00 03]
    be32 8 in 1..128
    pattern /.{12}[A-Za-z_][A-Za-z0-9_.:]{0,127}/

rule plain rank 90
    at 0 [80 01 00 02] | [80 01 00 03]
    be32 4 in 1..128
    pattern /.{8}[A-Za-z_][A-Za-z0-9_.:]{0,127}/

accept [00 00 00 15 80 01 00 03 00 00 00 08] "synspect" [00 00 00 01 00] as framed answers thrift
accept [80 01 00 02 00 00 00 04] "ping" [00 00 00 01 00] as plain
reject [00 00 00 15 80 01 00 01 00 00 00 08] "synspect" [00 00 00 01 00]
reject [80 01 00 02 00 00 04 00] "ping"
