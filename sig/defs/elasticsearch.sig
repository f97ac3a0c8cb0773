protocol elasticsearch
title    "Elasticsearch and OpenSearch, over HTTP and between nodes"
source   "https://www.elastic.co/guide/en/elasticsearch/reference/current/rest-api-root.html, Elasticsearch TcpTransport (header of a message)"
ports    9200 9300
maybe-ports 9201 9301

rule root rank 80
    over http
    start "HTTP/1."
    contains "You Know, for Search" | "The OpenSearch Project: https://opensearch.org/" within 40..1500

rule header rank 80
    over http
    start "HTTP/1."
    header "X-elastic-product" /Elasticsearch/

rule security rank 79
    over http
    start "HTTP/1."
    header "WWW-Authenticate" /(?:Basic realm="security"|ApiKey)/
    contains "security_exception" within 40..900

# Between nodes: the letters ES, the length of the rest, an id, a status and a version.
rule transport rank 86
    at 0 "ES" [00]
    be32 2 in 2..16777216
    length be32 2 + 6 cut
    u8 14 in 0..15
    be32 15 in 1000000..10000000

rule transport-ping rank 84
    at 0 "ES" [ff ff ff ff]
    size 6

rule not-http rank 84
    start "This is not an HTTP port" | "This is not a HTTP port"

extract /.{40,900}?"number" ?: ?"(?<version>[0-9][^"]*)"/
extract /.{20,600}?"cluster_name" ?: ?"(?<hostname>[^"]*)"/

accept "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\n  \"name\" : \"n\",\n  \"cluster_name\" : \"c\",\n  \"version\" : {\n    \"number\" : \"7.17.9\"\n  },\n  \"tagline\" : \"You Know, for Search\"\n}\n" \
    as root version "7.17.9"
accept "HTTP/1.1 401 Unauthorized\r\nX-elastic-product: Elasticsearch\r\n\r\n{}" as header
accept "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"security\" charset=\"UTF-8\"\r\n\r\n{\"error\":{\"root_cause\":[{\"type\":\"security_exception\"" \
    as security
accept "ES" [00 00 00 14 00 00 00 00 00 00 00 01 01 00 6d 3d a7 00 00 00 00 00 00 00] as transport
accept "ES" [ff ff ff ff] as transport-ping
accept "This is not an HTTP port" as not-http
reject "HTTP/1.1 200 OK\r\n\r\n{\"name\":\"x\"}" is http
reject "ES" [00 00 00 14 00 00 00 00 00 00 00 01 f1 00 6d 3d a7 00 00 00 00 00 00 00]
reject "ESTABLISHED\r\n"
