protocol echo
title    "Echo"
source   "RFC 862"
ports    7

# An echo of whatever we asked is echo and nothing else, so this outranks every rule that the
# question itself might satisfy.
rule same rank 100
    echo

accept "GET / HTTP/1.0\r\n\r\n" asked "GET / HTTP/1.0\r\n\r\n"
accept "GET / HTTP/1.0\r\n\r\nGET" asked "GET / HTTP/1.0\r\n\r\n"
accept [16 03 01 00 10 01 00 00 0c 03 03 00*10] asked [16 03 01 00 10 01 00 00 0c 03 03 00*10]
reject "GET / HTTP/1.0\r\n\r\n"
reject "GET" asked "GET / HTTP/1.0\r\n\r\n"
reject "HTTP/1.0 400 Bad Request\r\n\r\n" asked "GET / HTTP/1.0\r\n\r\n" is http
