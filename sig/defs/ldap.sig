protocol ldap
title    "Lightweight Directory Access Protocol"
source   "RFC 4511 sections 4.1.1, 4.2.2, 4.4.1, 4.5.2"
ports    389
maybe-ports 3268 1389

# A search of the root entry for its vendor and naming contexts.
probe ldap
    send [30 50 02 01 01 63 4b 04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00] \
         [87 0b] "objectClass" [30 2b 04 0a] "vendorName" [04 0d] "vendorVersion" \
         [04 0e] "namingContexts"

# Bind response, search done, or extended response, with a result code, a DN and a text.
rule result rank 86
    ber [30]
    ber-skip [02]
    at 0 [61] | [65] | [78]
    u8 1 in 7..0x84
    pattern /[\x61\x65\x78](?:[\x07-\x7f]|\x81.|\x82..|\x83...|\x84\x00...)\x0a\x01[\x00-\x79]\x04/

rule entry rank 86
    ber [30]
    ber-skip [02]
    pattern /\x64(?:[\x02-\x7f]|\x81.|\x82..|\x83...|\x84\x00...)\x04[\x00-\x82].{0,256}?\x30/

extract /.{0,400}vendorName\x31.\x04.(?<vendor>[\x20-\x7e]+)/
extract /.{0,400}vendorVersion\x31.\x04.(?<version>[\x20-\x7e]+)/
extract /.{0,400}1\.3\.6\.1\.4\.1\.1466\.20036/ error "notice of disconnection"

accept [30 0c 02 01 01 61 07 0a 01 00 04 00 04 00] as result from "OpenLDAP 2.5, to an anonymous bind"
accept [30 0c 02 01 01 65 07 0a 01 00 04 00 04 00] as result
accept [30 24 02 01 01 64 1f 04 00 30 1b 30 19 04 0e] "namingContexts" [31 07 04 05] "dc=ex" as entry
accept [30 84 00 00 00 10 02 01 01 61 84 00 00 00 07 0a 01 00 04 00 04 00]
reject [30 0c 02 01 01 60 07 02 01 03 04 00 80 00]
reject [30 0c 02 01 01 61 07 0a 02 00 04 00 04 00]
reject [30 82 03 09 30 82 01 f1 a0 03 02 01 02 02 14]
