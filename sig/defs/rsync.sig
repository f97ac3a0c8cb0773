protocol rsync
title    "rsync daemon"
source   "rsyncd.conf(5) and csprotocol.txt of rsync 3.2"
ports    873
speaks-first yes

# An old version, which no server of today would greet with: so an echo can be told.
probe rsync
    send "@RSYNCD: 29\n"

rule greeting rank 95
    pattern /@RSYNCD: (?<proto_version>[0-9]{2}(?:\.[0-9])?)(?: [a-z0-9 ]+)?\n/

accept "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n" proto_version "32.0" first open from "rsync 3.2"
accept "@RSYNCD: 31.0\n@ERROR: protocol startup error\n"
accept "@RSYNCD: 30\n"
reject "@RSYNCD"
reject "@RSYNCX: 31.0\n"
reject "RSYNCD: 31.0\n"
