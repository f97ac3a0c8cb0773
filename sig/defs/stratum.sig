protocol stratum
title    "Stratum mining protocol"
source   "https://en.bitcoin.it/wiki/Stratum_mining_protocol (mining.subscribe, notifications)"
maybe-ports 3333 4444 5555 7777 14444

probe stratum
    send "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"synspect\"]}\n"

# JSON lines that name its methods, from a server: a result or a notification.
rule mining rank 90
    pattern /\{[^\n]{0,300}?"(?:mining\.(?:notify|set_difficulty|set_target|set_extranonce)|client\.(?:get_version|reconnect|show_message))"/

accept "{\"id\":1,\"result\":[[[\"mining.set_difficulty\",\"1\"],[\"mining.notify\",\"1\"]],\"08000002\",4],\"error\":null}\n" as mining
reject "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"synspect\"]}\n"
