protocol http
title    "Hypertext Transfer Protocol"
source   "RFC 9112 section 4, RFC 1945 section 6"
ports    80 8000 8008 8080 8081 8088 8888
maybe-ports 81 82 591 2480 3000 5000 7001 7080 8001 8010 8090 8880 8983 9000 9080 9090 10000

probe http
    send "GET / HTTP/1.0\r\n"
    send "User-Agent: synspect (${contact})\r\n"
    send "\r\n"

# The line after the request wakes those that read lines: they answer it, or complain about GET.
probe http-stats
    asks http
    send "GET / HTTP/1.0\r\n"
    send "User-Agent: synspect (${contact})\r\n"
    send "\r\n"
    send "stats\r\n"

rule status rank 60
    pattern /HTTP\/[0-9]\.[0-9] [1-5][0-9][0-9][ \r\n]/

# A status line that was cut, or has no reason phrase.
rule status-cut rank 59
    pattern /HTTP\/[0-9]\.[0-9] [1-5][0-9][0-9]$/

rule icy rank 60
    start "ICY 200 OK\r\n"

extract header "Server" /(?<product>[^\/\r\n]{1,64}?)(?:\/(?<version>[^ \r\n]+)|$| )/
extract /HTTP\/[0-9]\.[0-9] (?<status>[0-9]{3})/
extract header "WWW-Authenticate" /(?<auth>[A-Za-z0-9-]+)(?:.*?realm="(?<realm>[^"]*)")?/

accept "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n" \
    as status product "nginx" version "1.22.1" status "200"
accept "HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"switch\"\r\n\r\n" \
    auth "Basic" realm "switch"
accept "HTTP/1.0 404\r\n\r\n"
accept "HTTP/1.1 200" as status-cut
accept "ICY 200 OK\r\nicy-name: radio\r\n\r\n" as icy
reject "HTTP/1.1 xyz OK\r\n\r\n"
reject "HTTP"
reject "http/1.1 200 OK\r\n"
reject "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
reject "XHTTP/1.1 200 OK\r\n"
