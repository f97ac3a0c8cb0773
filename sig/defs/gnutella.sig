protocol gnutella
title    "Gnutella"
source   "http://rfc-gnutella.sourceforge.net/src/rfc-0_6-draft.html section 1.2"
ports    6346
maybe-ports 6347 6348

probe gnutella
    send "GNUTELLA CONNECT/0.6\r\nUser-Agent: synspect\r\n\r\n"

rule status rank 95
    pattern /GNUTELLA\/(?<proto_version>0\.[0-9]) (?<status>[1-5][0-9]{2}) [^\r\n]*\r?\n/

rule ok-4 rank 90
    start "GNUTELLA OK\n\n"

extract header "User-Agent" /(?<product>[^\/\r\n]{1,64}?)(?:\/(?<version>[^ \r\n]+)|$| )/

accept "GNUTELLA/0.6 200 OK\r\nUser-Agent: gtk-gnutella/1.2\r\n\r\n" as status product "gtk-gnutella" version "1.2"
accept "GNUTELLA/0.6 503 Full\r\n\r\n"
accept "GNUTELLA OK\n\n" as ok-4
reject "GNUTELLA CONNECT/0.6\r\n"
reject "GNUTELLA\r\n"
