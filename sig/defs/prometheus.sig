protocol prometheus
title    "Prometheus server and exporters"
source   "https://prometheus.io/docs/instrumenting/exposition_formats/, Prometheus 2.42, node_exporter 1.5"
maybe-ports 9090 9091 9093 9100
over     http

rule metrics rank 80
    start "HTTP/1."
    contains "\n# HELP " within 20..1200
    contains "\n# TYPE " within 20..2000

rule exporter rank 78
    start "HTTP/1."
    contains "<title>Node Exporter</title>" | "<title>Blackbox Exporter</title>" | "<title>MySQLd exporter</title>" | "<title>Prometheus Time Series Collection and Processing Server</title>" | "<title>Pushgateway</title>" | "<title>Alertmanager</title>" within 60..3000

# The root leads to the graph page.
rule redirect rank 70
    pattern /HTTP\/1\.[01] 302 /
    header "Location" /\/(?:graph|query)$/
    contains "<a href=\"/graph\">Found</a>" | "<a href=\"/query\">Found</a>" within 40..400

accept "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n# HELP go_info x\n# TYPE go_info gauge\ngo_info 1\n# HELP a b\n" \
    as metrics
accept "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html lang=\"en\"><head><title>Node Exporter</title>" as exporter
accept "HTTP/1.0 302 Found\r\nContent-Type: text/html; charset=utf-8\r\nLocation: /graph\r\n\r\n<a href=\"/graph\">Found</a>.\n\n" \
    as redirect from "Prometheus 2.42"
reject "HTTP/1.1 302 Found\r\nLocation: /graph\r\n\r\n" is http
