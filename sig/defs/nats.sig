protocol nats
title    "NATS"
source   "https://docs.nats.io/reference/reference-protocols/nats-protocol"
ports    4222
maybe-ports 6222 8222
speaks-first yes

rule info rank 92
    pattern /INFO \{[^\n]{0,900}?"server_id":/

extract /INFO \{[^\n]{0,600}?"version":"(?<version>[0-9][^"]*)"/ product "NATS"
extract /INFO \{[^\n]{0,600}?"server_name":"(?<hostname>[^"]*)"/

accept "INFO {\"server_id\":\"NCRP\",\"server_name\":\"n1\",\"version\":\"2.9.10\",\"proto\":1} \r\n" first \
    version "2.9.10" hostname "n1" product "NATS"
accept "INFO {\"server_id\":\"x\",\"version\":\"1.4.1\"} \r\n-ERR 'Unknown Protocol Operation'\r\n"
reject "INFO {\"id\":1}\r\n"
reject "INFO server_id\r\n"
