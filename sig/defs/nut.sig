protocol nut
title    "Network UPS Tools"
source   "RFC 9271 sections 4 and 5"
ports    3493

probe nut
    send "VER\n"

rule version rank 90
    pattern /Network UPS Tools upsd (?<version>[0-9][^ \r\n]*)/
    set product "Network UPS Tools"

rule error rank 82
    pattern /ERR (?:UNKNOWN-COMMAND|ACCESS-DENIED|INVALID-ARGUMENT|UNKNOWN-UPS|TLS-NOT-ENABLED|FEATURE-NOT-CONFIGURED|USERNAME-REQUIRED)\r?\n/

accept "Network UPS Tools upsd 2.8.0 - https://www.networkupstools.org/\n" as version version "2.8.0"
accept "ERR UNKNOWN-COMMAND\nERR UNKNOWN-COMMAND\n" as error
reject "ERR UNKNOWN_COMMAND Unknown+server+command\r\n" is gearman
reject "ERR\n"
