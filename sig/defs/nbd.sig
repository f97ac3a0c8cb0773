protocol nbd
title    "Network block device"
source   "https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md (handshake)"
ports    10809
speaks-first yes

rule newstyle rank 95
    start "NBDMAGIC" "IHAVEOPT"

rule oldstyle rank 95
    start "NBDMAGIC" [00 00 42 02 81 86 12 53]

accept "NBDMAGICIHAVEOPT" [00 03] as newstyle first from "nbd-server 3.24"
accept "NBDMAGIC" [00 00 42 02 81 86 12 53 00 00 00 00 00 10 00 00] as oldstyle
reject "NBDMAGIC"
reject "NBDMAGICIHAVE"
