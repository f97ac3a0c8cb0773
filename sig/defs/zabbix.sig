protocol zabbix
title    "Zabbix agent and server"
source   "https://www.zabbix.com/documentation/current/en/manual/appendix/protocols/header_datalen"
ports    10050 10051

# An active item that every agent knows.
probe zabbix
    send "ZBXD" [01 0a 00 00 00 00 00 00 00] "agent.ping"

# Header, flags (1, with 2 compressed and 4 large), a length that agrees.
rule header rank 95
    at 0 "ZBXD"
    u8 4 in 1 3 5 7
    length le32 5 + 13 cut

accept "ZBXD" [01 01 00 00 00 00 00 00 00] "1" as header answers zabbix from "Zabbix agent 6.0"
accept "ZBXD" [01 13 00 00 00 00 00 00 00] "ZBX_NOTSUPPORTED" [00] "xx"
reject "ZBXD" [02 01 00 00 00 00 00 00 00] "1"
reject "ZBXD"
