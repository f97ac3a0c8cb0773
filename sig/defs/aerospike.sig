protocol aerospike
title    "Aerospike"
source   "https://github.com/aerospike/aerospike-client-c (as_proto: version 2, type 1 info)"
maybe-ports 3000


probe aerospike
    send [02 01 00 00 00 00 00 06] "build\n"

# Version 2, type info, six bytes of length, then name TAB value.
rule info rank 86
    at 0 [02 01 00 00]
    length be32 4 + 8 cut
    pattern /.{8}build\t(?<version>[0-9][0-9.]+[^\n]*)\n/
    set product "Aerospike"

accept [02 01 00 00 00 00 00 0f] "build\t5.7.0.31\n" product "Aerospike" version "5.7.0.31" answers aerospike
reject [02 01 00 00 00 00 00 06] "build\n"
reject [02 01 00 00 00 00 00 0f] "build 5.7.0.31\n"
