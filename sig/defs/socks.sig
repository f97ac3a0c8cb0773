protocol socks
title    "SOCKS proxy, versions 4 and 5"
source   "RFC 1928 sections 3 and 6, RFC 1929, SOCKS 4 (Ying-Da Lee)"
ports    1080
maybe-ports 1081 9050 9150

# Version 5: one method, none, or user and password.
probe socks
    send [05 02 00 02]

rule method rank 76
    asked [05 01] | [05 02] | [05 03] | [05 04]
    at 0 [05]
    u8 1 in 0..9 0xff
    size 2

# "No acceptable method", to a question that was none: some do not look at its first byte.
rule method-none rank 70
    asked "GET " | [16 03]
    at 0 [05 ff]
    size 2

# Answers to a request: version, reply, zero, address type, address and port.
rule reply-5 rank 80
    at 0 [05]
    u8 1 in 0..8
    at 2 [00 01]
    size 10

rule reply-5-name rank 80
    at 0 [05]
    u8 1 in 0..8
    at 2 [00 03]
    length u8 4 + 7 exact
    u8 4 in 3..255
    pattern /.{5}[A-Za-z0-9][A-Za-z0-9.-]{2,}/

rule reply-4 rank 72
    asked [04 01] | [04 02]
    at 0 [00]
    u8 1 in 0x5a..0x5d
    size 8

# Servers that do not repeat the address send zeros (the field is to be ignored).
rule reply-4-zeros rank 62
    at 0 [00]
    u8 1 in 0x5a..0x5d
    at 2 [00*6]
    size 8

# Tor's SOCKS port answers a browser, and says what it is.
rule tor rank 80
    over http
    start "HTTP/1.0 501 Tor is not an HTTP Proxy\r\n"
    set product "Tor"

accept [05 00] asked [05 01 00] as method from "Dante 1.4"
accept [05 ff] answers socks as method
accept [05 ff] asked "GET / HTTP/1.0\r\n\r\n" as method-none from "microsocks 1.0"
accept [05 00 00 01 00 00 00 00 00 00] as reply-5
accept [05 00 00 03 0b] "example.org" [00 50] as reply-5-name
accept [00 5a 00 50 0a 00 00 01] asked [04 01 00 50 0a 00 00 01 00] as reply-4
accept [00 5b 00 00 00 00 00 00] as reply-4-zeros
reject [00 5a 00 50 0a 00 00 01]
accept "HTTP/1.0 501 Tor is not an HTTP Proxy\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<html>\n" \
    as tor product "Tor" from "Tor 0.4.9"
reject [05 00]
reject [05 00] asked "GET"
reject [05 00 00 02 00 00 00 00 00 00]
reject [00 5a 00 50 0a 00 00 01 00]
