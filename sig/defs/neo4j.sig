protocol neo4j
title    "Neo4j Bolt"
source   "https://neo4j.com/docs/bolt/current/bolt/handshake/"
ports    7687

probe neo4j
    send [60 60 b0 17] [00 04 04 05] [00 02 04 04] [00 00 00 04] [00 00 00 03]

# The version that the server chose, one of ours, and nothing else.
rule chosen rank 84
    answers neo4j
    at 0 [00 00 0? 0?]
    u8 3 in 3..5
    size 4

# Bolt's port answers HTTP with a remark.
rule http rank 80
    over http
    start "HTTP/1."
    contains "\"bolt_routing\"" | "\"bolt_direct\"" | "\"neo4j_version\"" within 20..900

accept [00 00 04 05] answers neo4j as chosen
accept "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"bolt_routing\":\"neo4j://x:7687\",\"neo4j_version\":\"5.1.0\"}" \
    as http
reject [00 00 04 05]
reject [00 00 00 00] answers neo4j
reject [00 00 04 05 00] answers neo4j
