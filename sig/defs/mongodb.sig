protocol mongodb
title    "MongoDB wire protocol"
source   "https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/, https://bsonspec.org/spec.html"
ports    27017
maybe-ports 27018-27020 28017

# OP_QUERY of isMaster on admin.$cmd, which every server still answers.
probe mongodb
    send [3a 00 00 00] "SYN1" [00 00 00 00 d4 07 00 00] [00 00 00 00] "admin.$cmd" [00] \
         [00 00 00 00 ff ff ff ff] [13 00 00 00 10] "isMaster" [00 01 00 00 00 00]

# OP_REPLY or OP_MSG: the length agrees, and so does that of the document inside.
rule reply rank 92
    length le32 0 cut
    le32 0 in 37..65536
    le32 12 = 1
    le32 16 < 16
    le32 32 in 0..1
    le32 36 in 5..65536
    contains "ismaster" | "maxBsonObjectSize" | "errmsg" | "$err" | "isWritablePrimary" within 40..600

rule msg rank 92
    length le32 0 cut
    le32 0 in 26..65536
    le32 12 = 2013
    le32 16 < 4
    u8 20 = 0
    le32 21 in 5..65536

# It knows a web browser when it sees one.
rule http rank 80
    over http
    start "HTTP/1."
    contains "you are trying to access MongoDB over HTTP" within 20..600

extract /.{40,600}?\x02version\x00....(?<version>[0-9.]+)\x00/

accept [3a 00 00 00 01 00 00 00] "SYN1" [01 00 00 00 08 00 00 00 00*8 00 00 00 00 01 00 00 00] \
    [16 00 00 00 08] "ismaster" [00 01 01] "ok" [00 00 00 00 00] as reply
accept [26 00 00 00 01 00 00 00 00 00 00 00 dd 07 00 00 00 00 00 00 00] [11 00 00 00 01] "ok" \
    [00 00 00 00 00 00 00 f0 3f 00] as msg
accept "HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 85\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n" \
    as http
reject [3a 00 00 00 01 00 00 00] "SYN1" [02 00 00 00 08 00 00 00 00*8 00 00 00 00 01 00 00 00]
reject [3a 00 00 00] "SYN1" [00 00 00 00 d4 07 00 00 00 00 00 00] "admin.$cmd" [00]
reject "HTTP/1.0 200 OK\r\n\r\nMongoDB" is http
