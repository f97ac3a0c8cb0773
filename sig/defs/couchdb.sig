protocol couchdb
title    "Apache CouchDB"
source   "https://docs.couchdb.org/en/stable/api/server/common.html"
ports    5984
maybe-ports 6984
over     http

rule welcome rank 80
    start "HTTP/1."
    contains "{\"couchdb\":\"Welcome\"" within 20..800

rule server rank 79
    start "HTTP/1."
    header "Server" /CouchDB\//

extract /.{20,900}?"version":"(?<version>[0-9][^"]*)"/
extract header "Server" /CouchDB\/(?<version>[0-9.]+)/ product "CouchDB"

accept "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"couchdb\":\"Welcome\",\"version\":\"3.3.1\"}\n" \
    as welcome version "3.3.1"
accept "HTTP/1.0 401 Unauthorized\r\nServer: CouchDB/3.2.2 (Erlang OTP/24)\r\n\r\n{}" as server version "3.2.2"
reject "HTTP/1.1 200 OK\r\n\r\n{\"couch\":\"Welcome\"}" is http
