protocol icap
title    "Internet Content Adaptation Protocol"
source   "RFC 3507 sections 4.3.3 and 4.10"
ports    1344

probe icap
    send "OPTIONS icap://localhost/ ICAP/1.0\r\nHost: localhost\r\n\r\n"

rule status rank 92
    pattern /ICAP\/1\.0 (?<status>[1-5][0-9]{2})[ \r\n]/

extract header "Server" /(?<product>[^\/\r\n]{1,64}?)(?:\/(?<version>[^ \r\n]+)|$| )/

accept "ICAP/1.0 400 Bad request\r\nServer: C-ICAP/0.5.10\r\nConnection: close\r\n\r\n" as status \
    product "C-ICAP" version "0.5.10" from "c-icap 0.5, to GET / HTTP/1.0"
reject "ICAP/1.0"
reject "OPTIONS icap://localhost/ ICAP/1.0\r\n"
