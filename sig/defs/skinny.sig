protocol skinny
title    "Cisco Skinny client control"
source   "Cisco SCCP message set as published by Cisco Press, Cisco IP Telephony; message header"
ports    2000
maybe-ports 2443

# KeepAlive.
probe skinny
    send [04 00 00 00 00 00 00 00 00 00 00 00]

# Length, a header version (0, or 0x11 to 0x16), a message that servers send.
rule message rank 82
    le32 0 in 4..2048
    length le32 0 + 8 whole
    le32 4 in 0 0x11..0x16
    le32 8 in 0x81..0x9f 0x100 0x101..0x160

accept [04 00 00 00 00 00 00 00 00 01 00 00] as message answers skinny
accept [14 00 00 00 00 00 00 00 81 00 00 00 1e 00 00 00] "M/D/Y" [00 00 00 00 00 00 00] as message
reject [04 00 00 00 00 00 00 00 00 00 00 00]
reject [04 00 00 00 00 01 00 00 00 01 00 00]
