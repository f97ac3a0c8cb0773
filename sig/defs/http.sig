protocol http
title    "Hypertext Transfer Protocol"
source   "RFC 9112 section 4, RFC 1945 section 6"
source   "nginx 1.22, Apache httpd 2.4, Go 1.19 net/http, Tomcat 9 (answers to HTTP on a TLS port)"
ports    80 8000 8008 8080 8081 8088 8888
maybe-ports 81 82 591 2480 3000 5000 7001 7080 8001 8010 8090 8880 8983 9000 9080 9090 10000

# HTTP/1.0 and no Host: Redis and others answer that where a Host line makes them hang up. One header
# line at least, because some servers wait without one; and nothing behind the empty line, because
# some take that for a second, broken request and drop both (PHP's own server does).
probe http
    send "GET / HTTP/1.0\r\n"
    send "User-Agent: synspect (${contact})\r\n"
    send "Accept: */*\r\n"
    send "\r\n"

rule status rank 60
    pattern /HTTP\/[0-9]\.[0-9] [1-5][0-9][0-9][ \r\n]/

# A status line that was cut, or has no reason phrase.
rule status-cut rank 59
    pattern /HTTP\/[0-9]\.[0-9] [1-5][0-9][0-9]$/

# An HTTPS server that was spoken to in clear, and says so: what it serves is HTTP inside TLS.
rule inside-tls rank 75
    over tls
    start "HTTP/1."
    contains "The plain HTTP request was sent to HTTPS port" | \
             "speaking plain HTTP to an SSL-enabled server port" | \
             "Client sent an HTTP request to an HTTPS server." | \
             "This combination of host and port requires TLS." within 20..1500

# mini_httpd and its kin answer in the name of whatever protocol they were asked in.
rule mirror rank 60
    pattern /[A-Z]{3,8}\/[0-9.]{3} [1-5][0-9][0-9] /
    not start "HTTP/"
    header "Server" /(?:(?:mini|micro|t)_?httpd|TwistedWeb)/i

# HTTP/0.9 has no status line: a page, at once, to whoever asks (RFC 1945 section 3.1).
rule page rank 50
    asked "GET "
    start "<html" | "<!doctype html" | "<head>" | "<title>" nocase
    contains ">" within 4..400

# The same to a TLS hello: it is no request line that names a version, so the answer has none either
# (Python's http.server).
rule page-to-hello rank 50
    asked [16 03]
    start "<html" | "<!doctype html" | "<head>" | "<title>" nocase
    contains "400" within 4..600

# Devices that forget the slash, or begin with an empty line.
rule status-odd rank 57
    pattern /(?:HTTP 1\.[01]|\r?\n\r?\n?HTTP\/1\.[01]) [1-5][0-9][0-9][ \r\n]/

rule icy rank 60
    start "ICY 200 OK\r\n"

extract header "Server" /(?<product>[^\/\r\n]{1,64}?)(?:\/(?<version>[^ \r\n]+)|$| )/
extract /HTTP\/[0-9]\.[0-9] (?<status>[0-9]{3})/
extract /HTTP.{20,900}?<title>\s*(?<title>[^<\r\n]{1,64})/i
extract header "WWW-Authenticate" /(?<auth>[A-Za-z0-9-]+)(?:.*?realm="(?<realm>[^"]*)")?/

accept "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n" \
    as status product "nginx" version "1.22.1" status "200"
accept "HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"switch\"\r\n\r\n" \
    auth "Basic" realm "switch"
accept "HTTP/1.0 404\r\n\r\n"
accept "HTTP/1.1 200" as status-cut
accept "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><head><title>Router</title>" title "Router"
accept "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\n\r\n<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>" \
    as inside-tls product "nginx"
accept "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n" as inside-tls
accept "SIP/2.0 501 Not Implemented\r\nServer: mini_httpd/1.30 26Oct2018\r\n\r\n" as mirror from "mini_httpd 1.30"
accept "<HTML><HEAD><TITLE>Status</TITLE></HEAD>" asked "GET / HTTP/1.0\r\n\r\n" as page
accept "\r\nHTTP/1.0 200 OK\r\n\r\n" as status-odd
accept "HTTP 1.0 302 Moved\r\n"
accept "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <title>Error response</title>\n    </head>\n    <body>\n        <p>Error code: 400</p>" \
    asked [16 03 01 00 05] as page-to-hello
reject "<html><body>hello</body></html>\r\n"
reject "<html><body>hello</body></html>\r\n" asked [16 03 01 00 05]
accept "ICY 200 OK\r\nicy-name: radio\r\n\r\n" as icy
reject "HTTP/1.1 xyz OK\r\n\r\n"
reject "HTTP"
reject "http/1.1 200 OK\r\n"
reject "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
reject "XHTTP/1.1 200 OK\r\n"
