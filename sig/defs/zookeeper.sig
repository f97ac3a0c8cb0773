protocol zookeeper
title    "Apache ZooKeeper, four letter words"
source   "ZooKeeper Administrator's Guide, The Four Letter Words; ZooKeeper 3.8"
ports    2181
maybe-ports 2182 2183 2888 3888

probe zookeeper
    send "srvr\n"

rule server rank 86
    pattern /Zookeeper version: (?<version>[0-9][^ ,\r\n]*)/
    set product "ZooKeeper"

rule refused rank 86
    pattern /(?:srvr|stat|ruok|envi|conf|mntr|isro|dump|cons) is not executed because it is not in the whitelist\.\n/

rule not-serving rank 84
    start "This ZooKeeper instance is not currently serving requests"

accept "Zookeeper version: 3.8.0-1 built on 2022\nLatency min/avg/max: 0/0/0\n" as server version "3.8.0-1"
accept "srvr is not executed because it is not in the whitelist.\n" as refused from "ZooKeeper 3.8"
accept "This ZooKeeper instance is not currently serving requests\n" as not-serving
reject "imok"
reject "help is not executed because it is not in the whitelist.\n"
