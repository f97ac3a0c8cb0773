protocol rserve
title    "Rserve"
source   "Rserve documentation, QAP1 and the ID string (32 bytes)"
ports    6311
speaks-first yes

rule id rank 94
    pattern /Rsrv(?<version>0[0-9]{3})(?:QAP1|RH01)/
    set product "Rserve"

accept "Rsrv0103QAP1\r\n\r\n--------------\r\n" as id first version "0103"
reject "Rsrv0103\r\n"
