protocol cvs
title    "Concurrent Versions System, pserver"
source   "CVS client/server protocol 1.12, section 2 (authentication)"
ports    2401

probe cvs
    send "BEGIN VERIFICATION REQUEST\n/\nanonymous\nA\nEND VERIFICATION REQUEST\n"

rule answer rank 86
    pattern /(?:I LOVE YOU|I HATE YOU)\n/

rule error rank 86
    pattern /(?:cvs(?:nt)? \[(?:pserver|server) aborted\]: |error 0 [^\n]*\nerror |cvs server: |\/[^\n]{0,60}: no such repository\n)/

accept "I HATE YOU\n" as answer answers cvs
accept "cvs [pserver aborted]: bad auth protocol start: GET / HTTP/1.0\n" as error from "CVS 1.12"
accept "/: no such repository\nI HATE YOU\n" as error
reject "I LOVE YOU ALL\n"
