protocol distcc
title    "Distributed compiler"
source   "https://github.com/distcc/distcc/blob/master/doc/protocol-1.txt"
ports    3632

# A request for a compiler that is not there.
probe distcc
    send "DIST00000001ARGC00000002ARGV00000008synspectARGV00000002-vDOTI00000000"

rule done rank 95
    pattern /DONE0000000[1-4]STAT[0-9a-f]{8}/

accept "DONE00000001STAT00000100SERR00000000" as done answers distcc
reject "DONE00000001"
reject "DIST00000001ARGC00000002"
