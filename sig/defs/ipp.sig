protocol ipp
title    "Internet Printing Protocol"
source   "RFC 8010 sections 3.1 and 4, RFC 8011; CUPS 2.4 (Server header)"
ports    631
over     http

# Get-Printer-Attributes of nothing in particular would need a body; the page says enough.
rule server rank 80
    start "HTTP/1."
    header "Server" /(?:CUPS\/[0-9]|[^\r\n]*\bIPP\/[0-9])/

rule content rank 82
    start "HTTP/1."
    header "Content-Type" /application\/ipp/

extract header "Server" /(?<product>CUPS)\/(?<version>[0-9.]+)/

accept "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nServer: CUPS/2.4 IPP/2.1\r\n\r\n" as server \
    product "CUPS" version "2.4" from "CUPS 2.4"
accept "HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n\r\n" [02 00 00 00] as content
reject "HTTP/1.1 200 OK\r\nServer: Cups of tea\r\n\r\n" is http
