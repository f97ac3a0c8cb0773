protocol ident
title    "Identification protocol"
source   "RFC 1413 sections 4 and 6"
ports    113

probe ident
    send "22, 4000\r\n"

# Port pair, then ERROR or USERID with the fields of the grammar.
rule reply rank 92
    pattern /[0-9]{1,5} ?, ?[0-9]{1,5} ?: ?(?:ERROR ?: ?(?:INVALID-PORT|NO-USER|HIDDEN-USER|UNKNOWN-ERROR|X[!-~]+)|USERID ?: ?[A-Z][^:\r\n]* ?:[^\r\n]+)\r?\n/

accept "22, 4000 : ERROR : NO-USER\r\n" as reply from "oidentd 2.5"
accept "22,4000:ERROR:NO-USER\r\n"
accept "6193, 23 : USERID : UNIX : stjohns\r\n" from "RFC 1413 section 6"
reject "22, 4000\r\n"
reject "22, 4000 : OK\r\n"
