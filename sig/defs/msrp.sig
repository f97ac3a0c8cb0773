protocol msrp
title    "Message Session Relay Protocol"
source   "RFC 4975 sections 7.2 and 9"
ports    2855

# A response: transaction, status, and the end line with the same transaction.
rule status rank 92
    pattern /MSRP (?<extra>[A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}) [2-5][0-9]{2}(?: [^\r\n]*)?\r\n(?:To|From)-Path: msrps?:/

accept "MSRP d93kswow 200 OK\r\nTo-Path: msrp://bob.example.org:8888/9di4eae923wzd;tcp\r\n" as status
reject "MSRP d93kswow SEND\r\nTo-Path: msrp://bob.example.org:8888/9di4eae923wzd;tcp\r\n"
