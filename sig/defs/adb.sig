protocol adb
title    "Android debug bridge"
source   "https://android.googlesource.com/platform/packages/modules/adb/+/refs/heads/main/protocol.txt"
maybe-ports 5555 5037

# CNXN, version 1, "host::".
probe adb
    send "CNXN" [00 00 00 01 00 10 00 00 07 00 00 00 32 02 00 00 bc b1 a7 b1] "host::" [00]

# Command, arguments, length, sum, and the magic: the command with all bits turned.
rule message rank 95
    at 0 "CNXN" | "AUTH" | "STLS"
    at 20 [bc b1 a7 b1] | [be aa ab b7] | [ac ab b3 ac]
    le32 12 in 0..4096

extract /CNXN.{20}device::[^\x00]{0,200}?ro\.product\.model=(?<product>[^;\x00]+)/

accept "CNXN" [00 00 00 01 00 10 00 00 1a 00 00 00 00 00 00 00 bc b1 a7 b1] "device::ro.product.model=X" as message
accept "AUTH" [01 00 00 00 00 00 00 00 14 00 00 00 00 00 00 00 be aa ab b7] [11*20] as message
reject "CNXN" [00 00 00 01 00 10 00 00 1a 00 00 00 00 00 00 00 bc b1 a7 b2]
reject "AUTH LOGIN PLAIN\r\n"
