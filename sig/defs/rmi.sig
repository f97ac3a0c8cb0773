protocol rmi
title    "Java remote method invocation"
source   "Java RMI Specification section 10.2 (RMI wire protocol)"
ports    1099
maybe-ports 1098 1050 8686 9010

# JRMI, version 2, stream protocol.
probe rmi
    send "JRMI" [00 02 4b]

# ProtocolAck: our address as the server sees it, and our port.
rule ack rank 88
    at 0 "N" [00]
    length be16 1 + 7 exact
    be16 1 in 3..64
    pattern /N..(?:[0-9a-fA-F:.%]{3,60}|[A-Za-z0-9][A-Za-z0-9.-]{1,62})\x00\x00/

# Not supported, by the probe alone.
rule nack rank 60
    answers rmi
    at 0 "O"
    size 1

accept "N" [00 0c] "192.168.77.5" [00 00 95 ae] as ack from "OpenJDK 17"
accept "N" [00 09] "127.0.0.1" [00 00 86 92] as ack
accept "O" answers rmi as nack
reject "N" [00 0c] "192.168.77.5" [00 01 95 ae]
reject "N" [00 0c] "192.168.77"
reject "O"
