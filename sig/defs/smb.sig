protocol smb
title    "Server Message Block"
source   "MS-SMB2 sections 2.2.1 and 2.2.4, MS-CIFS sections 2.2.3.1 and 2.2.4.52, RFC 1002 section 4.3"
ports    445
maybe-ports 139

# A negotiate request that offers SMB 1 and, through it, all of SMB 2 and 3 (MS-SMB2 section 3.3.5.3.1).
probe smb
    send [00 00 00 45] [ff] "SMB" [72 00 00 00 00 18 01 c8 00*12 ff ff fe ca 00 00 00 00] [00]
    send [22 00] [02] "NT LM 0.12" [00 02] "SMB 2.002" [00 02] "SMB 2.???" [00]

rule smb2 rank 95
    at 0 [00]
    at 4 [fe] "SMB" [40 00]
    length be24 1 + 4 cut
    le16 16 in 0..0x12
    u8 20 & 1 = 1

rule smb1 rank 95
    at 0 [00]
    at 4 [ff] "SMB"
    length be24 1 + 4 cut
    u8 13 & 0x80 = 0x80

rule encrypted rank 94
    at 0 [00]
    at 4 [fd] "SMB"
    length be24 1 + 4 cut

# Dialect in the negotiate answer of SMB 2 (MS-SMB2 section 2.2.4).
extract /.{16}\x00\x00.{50}A\x00..\x02\x02/ proto_version "2.0.2"
extract /.{16}\x00\x00.{50}A\x00..\x10\x02/ proto_version "2.1"
extract /.{16}\x00\x00.{50}A\x00..\x00\x03/ proto_version "3.0"
extract /.{16}\x00\x00.{50}A\x00..\x02\x03/ proto_version "3.0.2"
extract /.{16}\x00\x00.{50}A\x00..\x11\x03/ proto_version "3.1.1"
extract /.{16}\x00\x00.{50}A\x00..\xff\x02/ proto_version "2 or later"

accept [00 00 00 49] [fe] "SMB" [40 00 00 00 00 00 00 00 00 00 01 00 01 00 00 00 00*44] \
    [41 00 01 00 ff 02 00 00 00] as smb2 proto_version "2 or later" from "Samba 4.17"
accept [00 00 00 23 ff] "SMB" [72 00 00 00 00 88 01 c8 00*20 00 00 00] as smb1
accept [00 00 00 34 fd] "SMB" [00*48] as encrypted
reject [00 00 00 45 ff] "SMB" [72 00 00 00 00 18 01 c8 00*20 00 22 00]
reject [00 00 00 49 fe] "SMX" [40 00*68]
reject [00 00 00 49 fe] "SMB"
