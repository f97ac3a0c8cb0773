protocol stomp
title    "Simple Text Oriented Messaging Protocol"
source   "STOMP 1.2 specification, CONNECTED and ERROR frames"
ports    61613
maybe-ports 61612 61614

probe stomp
    send "CONNECT\naccept-version:1.0,1.1,1.2\nhost:localhost\n\n" [00]

rule connected rank 86
    pattern /CONNECTED\r?\n(?:[a-z][a-z-]*:[^\n]*\n)+\r?\n/

rule error rank 86
    pattern /ERROR\r?\n(?:(?:message|content-type|content-length|version|receipt-id|server):[^\n]*\n)+\r?\n/

extract /CONNECTED\r?\n(?:[^\n]+\n){0,6}?server:(?<product>[A-Za-z][^\/\s]*)(?:\/(?<version>[^\s]+))?/
extract /(?:CONNECTED|ERROR)\r?\n(?:[^\n]+\n){0,6}?version:(?<proto_version>[0-9.,]+)/

accept "CONNECTED\nserver:ActiveMQ/5.17.2\nheart-beat:0,0\nversion:1.2\n\n" [00 0a] as connected \
    product "ActiveMQ" version "5.17.2" proto_version "1.2" from "ActiveMQ 5.17"
accept "ERROR\ncontent-type:text/plain\nmessage:Unknown STOMP action\n\nUnknown" [00] as error
accept "ERROR\nmessage:Bad CONNECT\ncontent-type:text/plain\nversion:1.0,1.1,1.2\n\nx" [00]
reject "CONNECTED\n"
reject "ERROR\nno:thing\n\n"
reject "CONNECTED\r\n\r\n"
