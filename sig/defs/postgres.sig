protocol postgres
title    "PostgreSQL frontend/backend protocol"
source   "https://www.postgresql.org/docs/current/protocol-message-formats.html"
ports    5432
maybe-ports 5433 6432

# A start-up message for protocol 3.0: the answer is a request to authenticate or an error.
probe postgres
    send [00 00 00 17 00 03 00 00] "user" [00] "synspect" [00 00]

rule error rank 90
    at 0 "E"
    be32 1 in 8..8192
    at 5 "S" | "V"
    pattern /.{5}S(?:FATAL|ERROR|PANIC|[\x80-\xff][^\x00]{2,20}|[A-Z]{4,12})\x00(?:V[A-Z]{4,9}\x00)?C[0-9A-Z]{5}\x00/
    length be32 1 + 1 cut

# Before 3.0 an error was E and a sentence.
rule error-2 rank 70
    pattern /E(?:FATAL|ERROR): {1,2}[\x20-\x7e\r\n]{5,300}\x00/

rule authentication rank 86
    at 0 "R"
    be32 1 in 8..128
    be32 5 in 0..12
    length be32 1 + 1 whole
    pattern /R\x00\x00\x00(?:\x08\x00\x00\x00[\x00\x02\x03\x06\x07\x09]|\x0c\x00\x00\x00\x05|.\x00\x00\x00\x0a[A-Z0-9-]{4,}\x00)/

# One byte says whether TLS may follow (Protocol Flow, SSL Session Encryption).
rule ssl rank 60
    asked [00 00 00 08 04 d2 16 2f]
    at 0 "S" | "N"
    size 1

extract /E.{4}S.{0,200}?\x00M(?<error>[^\x00]{1,64})/
extract /R\x00\x00\x00.\x00\x00\x00\x0a(?<auth>[A-Z0-9-]+)\x00/
extract /R\x00\x00\x00\x0c\x00\x00\x00\x05/ auth "md5"

accept "R" [00 00 00 17 00 00 00 0a] "SCRAM-SHA-256" [00 00] as authentication auth "SCRAM-SHA-256" \
    from "PostgreSQL 15"
accept "R" [00 00 00 0c 00 00 00 05 01 02 03 04] auth "md5"
accept "R" [00 00 00 08 00 00 00 00] "S" [00 00 00 19] "client_encoding" [00] "UTF8" [00]
accept "E" [00 00 00 3d] "SFATAL" [00] "C08P01" [00] "Mclient sent partial pkt in startup phase" [00 00] \
    as error error "client sent partial pkt in startup phase" from "PgBouncer 1.18"
accept "EFATAL:  unsupported frontend protocol 0.0: server supports 1.0 to 3.0\n" [00] as error-2
accept "N" asked [00 00 00 08 04 d2 16 2f] as ssl
reject "N"
reject "R" [00 00 00 08 00 00 00 63]
reject "E" [00 00 00 3d] "FATAL error"
reject "EFATAL"
