protocol nntp
title    "Network News Transfer Protocol"
source   "RFC 3977 sections 5.1 and 3.2, RFC 4643"
ports    119
maybe-ports 433 563
speaks-first yes

probe nntp
    send "CAPABILITIES\r\n"

rule greeting rank 82
    pattern /20[01][ -](?![^\n]*\bFTP\b)[^\r\n]*(?:\bNNTP|\bNNRP|InterNetNews|\bnews\b|\bINN\b|Leafnode|posting (?:ok|allowed|prohibited)|no posting|DNEWS|Typhoon|Cyclone|Usenet)[^\r\n]*\r?\n/i

rule capabilities rank 84
    pattern /20[01] [^\r\n]*\r\n101 [^\r\n]*\r\n(?:[A-Z][^\r\n]*\r\n)*VERSION 2/

rule refused rank 78
    pattern /(?:400|502|480) [^\r\n]*(?:\bNNTP|\bnews(?:server|group)?\b|InterNetNews|transferring articles|permission to talk)[^\r\n]*\r?\n/i

extract /20[01] [^\r\n]*?\b(?<product>InterNetNews|Leafnode|DNEWS|Typhoon|Cyclone|Diablo|Microsoft)\b[^\r\n]{0,40}?(?<version>[0-9]+\.[0-9][^\s,)]*)/i

accept "200 Leafnode NNTP Daemon, version 1.12.0 running at news.example.org\r\n" as greeting \
    product "Leafnode" version "1.12.0" first
accept "201 news.example.org InterNetNews NNRP server INN 2.6.4 ready (no posting)\r\n"
accept "200 hello\r\n101 Capability list:\r\nVERSION 2\r\nREADER\r\n.\r\n" as capabilities
accept "502 You have no permission to talk.  Goodbye.\r\n" as refused
reject "200 OK\r\n"
reject "200 FTP news\r\n"
reject "200 poppassd v1.2 hello\r\n"
