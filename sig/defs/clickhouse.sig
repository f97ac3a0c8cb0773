protocol clickhouse
title    "ClickHouse, native and over HTTP"
source   "https://clickhouse.com/docs/en/interfaces/http, https://clickhouse.com/docs/en/native-protocol/server"
ports    8123
maybe-ports 9000 9440

# The native port knows HTTP when it sees it, and names both.
rule native rank 80
    over http
    start "HTTP/1."
    contains "is for clickhouse-client program" within 16..200

rule http rank 80
    over http
    start "HTTP/1."
    header "X-ClickHouse-Summary" | "X-ClickHouse-Server-Display-Name" | "X-ClickHouse-Exception-Code" | "X-ClickHouse-Query-Id"

# An exception packet: code, name and message.
rule exception rank 88
    at 0 [02]
    le32 1 in 1..2000
    pattern /.{5}.DB::Exception/

accept "HTTP/1.0 400 Bad Request\r\n\r\nPort 9000 is for clickhouse-client program\r\nYou must use port 8123 for HTTP.\r\n" \
    as native
accept "HTTP/1.1 200 OK\r\nX-ClickHouse-Summary: {}\r\n\r\nOk.\n" as http
accept [02 65 00 00 00 0d] "DB::Exception" [10] "DB::Exception: x" as exception
reject "HTTP/1.1 200 OK\r\n\r\nOk.\n" is http
reject [02 65 00 00 00 0d] "Exception"
