protocol websocket
title    "WebSocket"
source   "RFC 6455 sections 4.2.2 and 4.4"
over     http

rule upgrade rank 74
    pattern /HTTP\/1\.1 (?:101|400|426) /
    header "Sec-WebSocket-Version" | "Sec-WebSocket-Accept"

accept "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n\r\n" as upgrade
reject "HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\n\r\n" is http
