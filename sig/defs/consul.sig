protocol consul
title    "HashiCorp Consul"
source   "https://developer.hashicorp.com/consul/api-docs (headers), Consul agent/http.go (index page)"
ports    8500
over     http

rule header rank 80
    start "HTTP/1."
    header "X-Consul-Index" | "X-Consul-Effective-Consistency" | "X-Consul-Default-Acl-Policy"

rule index rank 80
    start "HTTP/1."
    contains "\r\n\r\nConsul Agent" within 40..600

accept "HTTP/1.1 200 OK\r\nX-Consul-Default-Acl-Policy: allow\r\n\r\n" as header
accept "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nConsul Agent: UI disabled" as index
reject "HTTP/1.1 301 Moved Permanently\r\nLocation: /ui/\r\n\r\n" is http
