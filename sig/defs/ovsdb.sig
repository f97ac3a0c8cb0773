protocol ovsdb
title    "Open vSwitch database management protocol"
source   "RFC 7047 sections 3.1 and 4.1.11 (echo)"
ports    6640
maybe-ports 6641 6642

probe ovsdb
    send "{\"method\":\"echo\",\"params\":[\"synspect\"],\"id\":\"synspect\"}"

# The reply to an echo, or an echo of its own to see whether we live.
rule echo rank 88
    pattern /\{(?=[^{}]{0,200}"result":\["synspect"\])(?=[^{}]{0,200}"error":null)[^{}]{10,200}\}/

rule alive rank 86
    pattern /\{(?=[^{}]{0,100}"id":"echo")(?=[^{}]{0,100}"method":"echo")(?=[^{}]{0,100}"params":\[\])[^{}]{10,100}\}/

accept "{\"id\":\"synspect\",\"result\":[\"synspect\"],\"error\":null}" as echo answers ovsdb
accept "{\"id\":\"echo\",\"method\":\"echo\",\"params\":[]}" as alive
reject "{\"method\":\"echo\",\"params\":[\"synspect\"],\"id\":\"synspect\"}"
