protocol hl7
title    "HL7 minimal lower layer protocol"
source   "HL7 Version 2 Transport Specification: MLLP, release 1"
maybe-ports 2575 6661 6662

rule message rank 94
    pattern /\x0bMSH\|[!-~]{3,5}\|[^\r]*\r/

extract /\x0bMSH\|[^|]+\|(?<product>[^|\r]{1,64})\|/
extract /\x0bMSH\|(?:[^|\r]*\|){10}(?<proto_version>2\.[0-9.]+)/

accept [0b] "MSH|^~\\&|LAB|HOSP|EHR|CLINIC|20261122||ACK|1|P|2.5\rMSA|AA|1\r" [1c 0d] as message product "LAB"
reject "MSH|^~\\&|LAB|HOSP\r"
reject [0b] "MSH|^~\\&|LAB"
