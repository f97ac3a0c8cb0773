protocol influxdb
title    "InfluxDB"
source   "https://docs.influxdata.com/influxdb/v1/tools/api/ (headers of every answer)"
ports    8086
over     http

rule header rank 80
    start "HTTP/1."
    header "X-Influxdb-Version" | "X-Influxdb-Build"

extract header "X-Influxdb-Version" /v?(?<version>[0-9][^ \r\n]*)/ product "InfluxDB"

accept "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nX-Influxdb-Build: OSS\r\nX-Influxdb-Version: 1.6.7\r\n\r\n" \
    as header version "1.6.7" product "InfluxDB"
reject "HTTP/1.1 404 Not Found\r\nX-Influx: 1\r\n\r\n" is http
