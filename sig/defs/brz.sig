protocol brz
title    "Bazaar and Breezy smart server"
source   "Breezy doc/developers/network-protocol.txt (protocols one and two, hello)"
ports    4155

probe brz
    send "bzr request 2\nhello\n"

rule error rank 92
    pattern /error\x01Generic bzr smart protocol error: /

rule response rank 92
    pattern /bzr response [23](?: \([^)\n]*\))?\n/

accept "error\x01Generic bzr smart protocol error: bad request 'GET / HTTP/1.0\r'\n" as error from "Breezy 3.3"
accept "bzr response 2\n" answers brz as response from "Breezy 3.3"
reject "bzr request 2\nhello\n"
