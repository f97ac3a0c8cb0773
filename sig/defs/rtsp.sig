protocol rtsp
title    "Real-Time Streaming Protocol"
source   "RFC 2326 section 7.1, RFC 7826 section 8"
ports    554
maybe-ports 8554 5554 7070

probe rtsp
    send "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"

rule status rank 90
    pattern /RTSP\/(?<proto_version>[12]\.0) (?<status>[1-5][0-9]{2})[ \r\n]/
    header "CSeq"

# Without the number of the question (RFC 2326 section 12.17 wants it), but with a server's name that is
# not that of a web server which answers in the name of any protocol.
rule status-named rank 88
    pattern /RTSP\/(?<proto_version>[12]\.0) (?<status>[1-5][0-9]{2})[ \r\n]/
    header "Server" /(?!.{0,20}(?:httpd|TwistedWeb))[^\r\n]/i
    not asked "OPTIONS" | "DESCRIBE"

# Neither, but the answer to a question in another protocol: nobody mirrors what was not asked.
rule status-unasked rank 86
    pattern /RTSP\/(?<proto_version>[12]\.0) (?<status>[1-5][0-9]{2})[ \r\n]/
    asked "GET " | [16 03]

# GStreamer's server speaks HTTP for tunnels, and says what it is.
rule tunnel rank 75
    over http
    start "HTTP/1."
    header "Server" /GStreamer RTSP/i

extract header "Server" /(?<product>[^\/\r\n]{1,64}?)(?:\/v?(?<version>[0-9][^ \r\n]*)|$)/

accept "RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: H264DVR/1.0\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n" as status \
    product "H264DVR" version "1.0" status "200"
reject "RTSP/1.0 200 OK\r\nServer: TwistedWeb/22.4.0\r\n\r\n" answers rtsp
reject "RTSP/1.0 501 Not Implemented\r\nServer: mini_httpd/1.30\r\n\r\n" is http
accept "RTSP/1.0 400 Bad Request\r\nServer: GStreamer RTSP server\r\n\r\n" as status-named product "GStreamer RTSP server"
accept "HTTP/1.1 503 Service Unavailable\r\nServer: GStreamer RTSP Server\r\nConnection: close\r\n\r\n" \
    as tunnel from "GStreamer 1.22"
accept "RTSP/1.0 400 Bad Request\r\n\r\n" asked "GET / HTTP/1.0\r\n\r\n" as status-unasked
reject "RTSP/1.0 400 Bad Request\r\n\r\n"
reject "RTSP/1.0"
reject "RTSP/1.0 OK\r\n"
reject "HTTP/1.1 200 OK\r\nServer: RTSP\r\n\r\n" is http
