protocol apcupsd
title    "apcupsd network information server"
source   "apcupsd user manual, NIS network information server protocol"
ports    3551

probe apcupsd
    send [00 06] "status"

# Records with their length in front; the first is that of the format.
rule status rank 92
    pattern /\x00.APC +: [0-9]{3},[0-9]{3},[0-9]{4}\n/

extract /\x00.APC +:.{20,200}?HOSTNAME : (?<hostname>[^ \n]+)/
extract /\x00.APC +:.{20,300}?VERSION  : (?<version>[0-9][^ \n]*)/ product "apcupsd"

accept [00 1b] "APC      : 001,018,0404\n" [00 23] "DATE     : 2026-11-22 15:02:32 +0000" as status answers apcupsd
reject [00 06] "status"
reject "APC      : 001,018,0404\n"
