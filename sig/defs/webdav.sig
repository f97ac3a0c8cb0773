protocol webdav
title    "WebDAV"
source   "RFC 4918 section 10.1"
over     http

rule dav rank 74
    start "HTTP/1."
    header "DAV" /(?:1|2|3|<http)/

accept "HTTP/1.1 200 OK\r\nDAV: 1,2\r\nAllow: OPTIONS,PROPFIND\r\n\r\n" as dav
reject "HTTP/1.1 200 OK\r\nDAVE: 1\r\n\r\n" is http
