protocol fox
title    "Niagara Fox"
source   "Tridium Niagara 4 hardening guide (fox on port 1911); greeting as servers send it"
ports    1911
maybe-ports 3011 4911

probe fox
    send "fox a 1 -1 fox hello\n{\nfox.version=s:1.0\nid=i:1\n};;\n"

rule hello rank 95
    pattern /fox a 0 -1 fox (?:hello|rejected|unauthenticated)[^\n]*\n\{/

extract /fox.{0,700}?\napp\.name=s:(?<product>[^\n]+)/
extract /fox.{0,700}?\napp\.version=s:(?<version>[^\n]+)/
extract /fox.{0,700}?\nhostName=s:(?<hostname>[^\n]+)/
extract /fox.{0,700}?\nos\.name=s:(?<os>[^\n]+)/

accept "fox a 0 -1 fox hello\n{\nfox.version=s:1.0.1\nid=i:1\nhostName=s:js1\napp.name=s:Station\napp.version=s:3.8\n};;\n" \
    as hello product "Station" version "3.8" hostname "js1"
reject "fox hello\n"
reject "fox a 1 -1 fox hello\n{\nfox.version=s:1.0\n};;\n"
