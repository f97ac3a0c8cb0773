protocol docker-registry
title    "Docker registry"
source   "https://distribution.github.io/distribution/spec/api/ (API version check)"
maybe-ports 5000 5001
over     http

rule header rank 80
    start "HTTP/1."
    header "Docker-Distribution-Api-Version" /registry\/2/

accept "HTTP/1.1 401 Unauthorized\r\nDocker-Distribution-Api-Version: registry/2.0\r\n\r\n" as header
reject "HTTP/1.1 200 OK\r\nCache-Control: no-cache\r\n\r\n" is http
