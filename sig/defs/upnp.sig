protocol upnp
title    "Universal Plug and Play"
source   "UPnP Device Architecture 1.1 section 2.11 (SERVER header)"
maybe-ports 1900 5000 49152
over     http

rule server rank 72
    start "HTTP/1."
    header "Server" /[^\r\n]*\bUPnP\/(?:1|2)\.[0-9]/

extract header "Server" /[^\r\n]*UPnP\/[0-9.]+,? (?<product>[^\/\r\n]{2,64})\/(?<version>[^ \r\n]+)/

accept "HTTP/1.1 404 Not Found\r\nServer: Linux/3.4 UPnP/1.0 MiniUPnPd/1.8\r\n\r\n" as server \
    product "MiniUPnPd" version "1.8"
reject "HTTP/1.1 404 Not Found\r\nServer: UPnP\r\n\r\n" is http
