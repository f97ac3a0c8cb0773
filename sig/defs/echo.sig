protocol echo
title    "Echo"
source   "RFC 862"
ports    7

# An echo of whatever we asked is echo and nothing else, so this outranks every rule that the
# question itself might satisfy.
rule same rank 100
    echo
    not asked "@RSYNCD: 3" | "RFB 00" | "SSH-" | "JDWP-Handshake" | [13] "BitTorrent"

# Client and server of some protocols greet alike, so an echo of those greetings proves nothing.
rule alike rank 100
    echo
    asked "@RSYNCD: 3" | "RFB 00" | "SSH-" | [13] "BitTorrent"
    candidates echo rsync ssh vnc

# Our question for JDWP goes on where the greeting ends.
rule same-jdwp rank 100
    echo
    asked "JDWP-Handshake" [00]

accept "GET / HTTP/1.0\r\n\r\n" asked "GET / HTTP/1.0\r\n\r\n"
accept "GET / HTTP/1.0\r\n\r\nGET" asked "GET / HTTP/1.0\r\n\r\n"
accept [16 03 01 00 10 01 00 00 0c 03 03 00*10] asked [16 03 01 00 10 01 00 00 0c 03 03 00*10]
reject "GET / HTTP/1.0\r\n\r\n"
accept "JDWP-Handshake" [00 00 00 0b 00 00 00 01 00 01 01] answers jdwp as same-jdwp
unsure "@RSYNCD: 31.0\n" asked "@RSYNCD: 31.0\n" as alike
unsure "SSH-2.0-Go\r\n" asked "SSH-2.0-Go\r\n"
reject "SSH-2.0-Go\r\n" asked "SSH-2.0-Go\r\n" first is ssh
reject "GET" asked "GET / HTTP/1.0\r\n\r\n"
reject "HTTP/1.0 400 Bad Request\r\n\r\n" asked "GET / HTTP/1.0\r\n\r\n" is http
