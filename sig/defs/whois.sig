protocol whois
title    "Whois"
source   "RFC 3912; RIPE Database Query Reference Manual; ICANN 2013 RAA, Registration Data Directory Service"
ports    43
maybe-ports 4321

probe whois
    send "synspect.invalid\r\n"

rule comment rank 84
    pattern /(?:\r?\n){0,3}(?:% ?(?:[^\n]*\n[%;]? ?){0,4}?[^\n]*(?:\bwhois\b|RIPE Database|\bregistr(?:y|ar|ies)\b|ARIN|APNIC|LACNIC|AFRINIC)|# ?(?:[^\n]*\n[#;]? ?){0,4}?[^\n]*(?:\bwhois (?:data|server|service|database)|ARIN\b))[^\n]*\n/i within 400
    not contains "#!/" | "<?" within 0..1

rule record rank 82
    pattern /\s{0,4}(?:Domain Name|Registry Domain ID|domain|inetnum|NetRange|aut-num|nserver|refer):\s+\S[^\r\n]*\r?\n\s*(?:[A-Za-z][A-Za-z0-9 \/-]{1,40}:[^\r\n]*\r?\n\s*){1}/

rule none rank 78
    pattern /\s{0,4}(?:No match for (?:domain )?"?[^"\r\n]+"?|No entries found|DOMAIN NOT FOUND|Domain not found|NOT FOUND|No Data Found|No whois server is known)[^\r\n]*\r?\n/

accept "% This is the RIPE Database query service.\n% The objects are in RPSL format.\n" as comment
accept "% IANA WHOIS server\n% for more information on IANA, visit http://www.iana.org\n"
accept "   Domain Name: EXAMPLE.COM\r\n   Registry Domain ID: 2336799_DOMAIN_COM-VRSN\r\n" as record
accept "No match for \"SYNSPECT.INVALID\".\r\n>>> Last update of whois database: 2026\r\n" as none
accept "\n#\n# ARIN WHOIS data and services are subject to the Terms of Use\n" as comment from "ARIN"
reject "# the registry of packages\nname: x\n"
reject "% comment\n"
reject "Domain Name\r\n"
reject "No match\r\n"
