protocol melsec
title    "Mitsubishi MELSEC communication (SLMP, 3E frame)"
source   "Mitsubishi SH(NA)-080956ENG, SLMP reference manual, sections 4.1 and 5"
maybe-ports 5007 5006

# Read type name (0x0101) of the own station.
probe melsec
    send [50 00 00 ff ff 03 00 06 00 10 00 01 01 00 00]

# Response of the binary 3E frame: subheader, route, a length that agrees, an end code.
rule response rank 90
    at 0 [d0 00 00 ff ff 03 00]
    le16 7 in 2..2000
    length le16 7 + 9 exact

extract /\xd0.{10}(?<product>[A-Z][A-Z0-9-]{2,15})/

accept [d0 00 00 ff ff 03 00 14 00 00 00] "Q03UDVCPU       " [66 03] as response product "Q03UDVCPU"
reject [50 00 00 ff ff 03 00 06 00 10 00 01 01 00 00]
reject [d0 00 00 ff ff 03 00 15 00 00 00] "Q03UDVCPU       " [66 03]
