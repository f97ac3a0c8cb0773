protocol docker
title    "Docker Engine API"
source   "https://docs.docker.com/reference/api/engine/ (headers of every answer)"
ports    2375
maybe-ports 2376 4243
over     http

rule header rank 80
    start "HTTP/1."
    header "Docker-Experimental" | "Api-Version"
    header "Ostype" | "Server" /(?:Docker|linux|windows)/

rule server rank 79
    start "HTTP/1."
    header "Server" /Docker\/[0-9]/

extract header "Server" /Docker\/(?<version>[0-9][^ \r\n]*)/ product "Docker"

accept "HTTP/1.1 404 Not Found\r\nApi-Version: 1.43\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/24.0.5 (linux)\r\n\r\n{\"message\":\"page not found\"}\n" \
    as header product "Docker" version "24.0.5"
accept "HTTP/1.1 404 Not Found\r\nServer: Docker/1.9.1 (linux)\r\n\r\n" as server version "1.9.1"
reject "HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"page not found\"}\n" is http
