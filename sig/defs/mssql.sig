protocol mssql
title    "Microsoft SQL Server, Tabular Data Stream"
source   "MS-TDS sections 2.2.3.1, 2.2.6.5 and 4.2"
ports    1433
maybe-ports 1434 2433 14330

# PRELOGIN with version, no encryption, instance, thread and MARS.
probe mssql
    send [12 01 00 2f 00 00 01 00]
    send [00 00 1a 00 06] [01 00 20 00 01] [02 00 21 00 01] [03 00 22 00 04] [04 00 26 00 01] [ff]
    send [11 00 00 00 00 00] [02] [00] [00 00 00 00] [00]

# A tabular response with the options of PRELOGIN: the version comes first, six bytes, behind a list
# that ends in 0xff.
rule prelogin rank 92
    at 0 [04 01]
    length be16 2 whole
    at 4 [00 00 ?? 00 00 00]
    at 11 [00 06]
    be16 9 in 11..128
    contains [ff] within 13..64
    skip be16 9 + 7
    at 0 [ff]
    value version u8 1 8 "2000" 9 "2005" 10 "2008" 11 "2012" 12 "2014" 13 "2016" 14 "2017" 15 "2019" \
        16 "2022"
    set product "Microsoft SQL Server"

# An error token (0xaa) in answer to something that was no PRELOGIN.
rule error rank 86
    at 0 [04 01]
    length be16 2 whole
    at 8 [aa]
    le16 9 in 12..4000
    be16 2 in 26..4096

accept [04 01 00 25 00 00 01 00] [00 00 15 00 06 01 00 1b 00 01 02 00 1c 00 01 03 00 1d 00 00 ff] \
    [0f 00 07 d0 00 00 02 00] as prelogin version "2019" from "MS-TDS section 4.2, shortened"
accept [04 01 00 1c 00 00 01 00 aa 11 00 14 46 00 00 01 10 01 00 78 00 00 00 00 00 00 00 fd] as error
reject [04 01 00 25 00 00 01 00] [00 00 15 00 06]
reject [12 01 00 2f 00 00 01 00 00 00 1a 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 04 04 00 26 \
    00 01 ff 11 00 00 00 00 00 02 00 00 00 00 00 00]
reject [04 01 00 25 00 00 01 00 00*29]
