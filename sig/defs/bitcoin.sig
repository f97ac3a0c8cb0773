protocol bitcoin
title    "Bitcoin peer to peer"
source   "https://en.bitcoin.it/wiki/Protocol_documentation (message structure)"
ports    8333
maybe-ports 18333 18444

# version, of protocol 70015, without services, time, addresses or height; the sum is that of this payload.
probe bitcoin
    send [f9 be b4 d9] "version" [00*5] [56 00 00 00] [2b 3f d8 47]
    send [7f 11 01 00] [00*16] [00*52] "synspect" [00] [00*4] [00]

# Magic of the main, test and regression networks, a command padded with NUL, a length.
rule message rank 96
    at 0 [f9 be b4 d9] | [0b 11 09 07] | [fa bf b5 da] | [0a 03 cf 40]
    at 4 "version" [00 00 00 00 00] | "verack" [00 00 00 00 00 00] | "reject" [00 00 00 00 00 00] | "alert" [00*7]
    le32 16 in 0..4096

extract /.{24}.{80}.(?<product>\/[^\/:]{2,40}):(?<version>[^\/]{1,20})\//

accept [f9 be b4 d9] "version" [00*5 66 00 00 00 11 22 33 44] as message
reject [f9 be b4 d9] "versio" [00*10]
