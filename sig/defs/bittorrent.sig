protocol bittorrent
title    "BitTorrent peer protocol"
source   "BEP 3, peer protocol (handshake)"
maybe-ports 6881-6889 51413

rule handshake rank 96
    start [13] "BitTorrent protocol"

accept [13] "BitTorrent protocol" [00 00 00 00 00 10 00 05 11*20] "-TR3000-abcdefghijkl" as handshake
reject [13] "BitTorrent"
reject "BitTorrent protocol"
