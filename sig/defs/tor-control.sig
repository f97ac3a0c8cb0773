protocol tor-control
title    "Tor control port"
source   "https://spec.torproject.org/control-spec/ sections 2.3 and 3.21"
ports    9051
maybe-ports 9151

probe tor-control
    send "PROTOCOLINFO 1\r\n"

rule info rank 90
    pattern /250-PROTOCOLINFO [0-9]+\r\n/

rule refused rank 84
    pattern /(?:514 Authentication required\.\r\n)+/

rule http rank 80
    over http
    start "HTTP/1.0 501 Tor ControlPort is not an HTTP proxy\r\n"

extract /250-PROTOCOLINFO.{0,300}?250-VERSION Tor="(?<version>[^"]+)"/ product "Tor"
extract /250-PROTOCOLINFO.{0,100}?AUTH METHODS=(?<auth>[A-Z,]+)/

accept "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,SAFECOOKIE\r\n250-VERSION Tor=\"0.4.9.11\"\r\n250 OK\r\n" \
    as info version "0.4.9.11" product "Tor" auth "COOKIE,SAFECOOKIE"
accept "514 Authentication required.\r\n" as refused from "Tor 0.4.9"
accept "HTTP/1.0 501 Tor ControlPort is not an HTTP proxy\r\nContent-Type: text/html\r\n\r\n" as http
reject "514 Authentication\r\n"
reject "250 OK\r\n"
