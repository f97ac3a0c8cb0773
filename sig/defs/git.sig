protocol git
title    "Git daemon"
source   "https://git-scm.com/docs/protocol-common (pkt-line), https://git-scm.com/docs/pack-protocol"
ports    9418

probe git
    send "002dgit-upload-pack /synspect" [00] "host=localhost" [00]

# A pkt-line whose length of four hex digits agrees: an error, or the first reference.
rule error rank 92
    length hex4 0 whole
    hex4 0 in 8..1000
    at 4 "ERR "

rule refs rank 92
    pattern /[0-9a-f]{4}[0-9a-f]{40}(?:[0-9a-f]{24})? [^\x00\n]{1,200}\x00[^\n]*(?:side-band|agent=|ofs-delta|multi_ack|symref)/

rule version rank 92
    pattern /000eversion [12]\n/

accept "003aERR access denied or repository not exported: /lab.git" as error from "git-daemon 2.39"
accept "00ae7217a7c7e582c46cec22a130adf4b9d7d950fba0 HEAD" [00] "multi_ack thin-pack side-band ofs-delta\n" as refs
accept "000eversion 2\n" as version
reject "003aERX access denied or repository not exported: /lab.git"
reject "00zzERR access denied"
reject "003aERR"
