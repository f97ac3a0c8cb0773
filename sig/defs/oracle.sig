protocol oracle
title    "Oracle Net, transparent network substrate"
source   "Oracle Database Net Services Reference (TNS errors); packet layout as published in Oracle's patent US 2001/0042099 and seen by other open analysers"
ports    1521
maybe-ports 1522 1525 1526 1529 2483

# A connect packet that asks the listener for its version.
probe oracle
    send [00 5a 00 00 01 00 00 00] [01 38 01 2c 0c 41 20 00 ff ff 7f 08 00 00 01 00]
    send [00 20 00 3a 00 00 08 00 41 41] [00*24]
    send "(CONNECT_DATA=(COMMAND=VERSION))"

# Refuse: two reasons, and a description whose length agrees.
rule refuse rank 92
    length be16 0 cut
    be16 0 in 12..4096
    at 2 [00 00 04 00 00 00]
    at 12 "("
    contains "ERR=" | "VSNNUM=" | "DESCRIPTION" within 12..200

# Accept: version 300 and above, and an offset of the data that lies behind the head.
rule accept rank 88
    length be16 0 cut
    be16 0 in 24..4096
    at 2 [00 00 02 0? 00 00]
    be16 8 in 0x12c..0x13f
    be16 20 in 24..64

# Resend: nothing but the head.
rule resend rank 88
    at 0 [00 08 00 00 0b 0? 00 00]
    size 8

# Redirect.
rule redirect rank 90
    length be16 0 cut
    at 2 [00 00 05 00 00 00]
    contains "(ADDRESS=" | "(address=" within 10..40

extract /.{12}[\x20-\x7e]{0,60}\(VSNNUM=(?<version>[0-9]+)\)/
extract /.{12}[\x20-\x7e]{0,80}\(ERR=(?<error>[0-9]+)\)/

accept [00 41 00 00 04 00 00 00 22 00 00 35] "(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=12505))" [00*4] \
    as refuse version "318767104" error "12505"
accept [00 20 00 00 02 00 00 00 01 38 00 00 08 00 7f ff 01 00 00 00 00 20 61 61 00 00 00 00 00 00 00 00] \
    as accept
accept [00 08 00 00 0b 00 00 00] as resend
accept [00 38 00 00 05 00 00 00 00 2e] "(ADDRESS=(PROTOCOL=tcp)(HOST=db)(PORT=1521)) x" as redirect
reject [00 08 00 00 0b 00 00]
reject [00 20 00 00 02 00 00 00 01 38 00 00 08 00 7f ff 01 00 00 00 00 00*11]
reject [00 5a 00 00 01 00 00 00 01 38 01 2c]
