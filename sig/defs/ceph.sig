protocol ceph
title    "Ceph messenger"
source   "https://docs.ceph.com/en/latest/dev/network-protocol/, https://docs.ceph.com/en/latest/dev/msgr2/ (banner)"
ports    6789 3300
maybe-ports 6800-6810
speaks-first yes

rule v1 rank 95
    start "ceph v0"
    pattern /ceph v(?<proto_version>0[0-9]{2})/

rule v2 rank 95
    pattern /ceph v(?<proto_version>2)\n/

accept "ceph v027" [00 00 00 00] as v1 first proto_version "027"
accept "ceph v2\n" [10 00] as v2 proto_version "2"
reject "ceph v"
reject "ceph version 17\n"
