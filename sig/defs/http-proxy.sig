protocol http-proxy
title    "HTTP forward proxy"
source   "RFC 9110 sections 7.6.3 and 15.5.8, RFC 9209; Squid 5"
ports    3128
maybe-ports 8118 3129
over     http

# It says so: a proxy that asks for credentials, or a Via or Server of one that refuses an origin's
# request.
rule auth rank 72
    start "HTTP/1."
    pattern /HTTP\/1\.[01] 407 /
    header "Proxy-Authenticate"

rule squid rank 72
    start "HTTP/1."
    pattern /HTTP\/1\.[01] (?:400|403|404|503) /
    header "Server" /squid/i
    header "X-Squid-Error"

accept "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\r\n" as auth
accept "HTTP/1.1 400 Bad Request\r\nServer: squid/5.7\r\nX-Squid-Error: ERR_INVALID_URL 0\r\n\r\n" as squid \
    product "squid" version "5.7"
reject "HTTP/1.1 200 OK\r\nServer: squid/5.7\r\n\r\n" is http
reject "HTTP/1.1 407 Proxy\r\n\r\n" is http
