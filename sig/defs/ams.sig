protocol ams
title    "Beckhoff ADS (AMS over TCP)"
source   "Beckhoff TwinCAT ADS/AMS specification: AMS/TCP header, AMS header, command ids, state flags"
maybe-ports 48898

# Two zeros, a length that agrees, then the AMS header: its command (1 to 9) and the state flags of a
# response to an ADS command.
rule response rank 90
    at 0 [00 00]
    le32 2 in 32..4096
    length le32 2 + 6 cut
    le16 22 in 1..9
    le16 24 = 5
    le32 26 in 0..4096

accept [00 00 20 00 00 00 0a 00 00 01 01 01 21 03 0a 00 00 02 01 01 53 03 04 00 05 00 00 00 00 00 07 00 00 00 \
    01 00 00 00] as response
reject [00 00 20 00 00 00 0a 00 00 01 01 01 21 03 0a 00 00 02 01 01 53 03 04 00 04 00 00 00 00 00 07 00 00 00 \
    01 00 00 00]
