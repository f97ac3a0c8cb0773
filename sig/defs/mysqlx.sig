protocol mysqlx
title    "MySQL X protocol"
source   "https://dev.mysql.com/doc/dev/mysql-server/latest/page_mysqlx_protocol_messages.html, Mysqlx.Notice"
ports    33060
speaks-first yes

# Notice (11), a frame of type "server hello" (5) with scope and an empty payload.
rule hello rank 92
    at 0 [05 00 00 00 0b 08 05 1a 00]

# Error (1): severity, code, message and SQL state in protobuf.
rule error rank 88
    le32 0 in 12..1024
    at 4 [01]
    length le32 0 + 4 whole
    pattern /.{5}\x08[\x00-\x02]\x10..{0,2}?\x1a.[\x20-\x7e]+\x22\x05[0-9A-Z]{5}|.{5}\x08[\x00-\x02]\x10..{0,2}?\x22\x05[0-9A-Z]{5}\x1a/

accept [05 00 00 00 0b 08 05 1a 00] as hello first open
accept [1c 00 00 00 01 08 01 10 88 27 1a 0d] "Invalid X msg" [22 05] "HY000" as error
reject [05 00 00 00 0b 08 05 1a]
reject [05 00 00 00 0b 08 04 1a 00]
reject [1c 00 00 00 01 00*27]
