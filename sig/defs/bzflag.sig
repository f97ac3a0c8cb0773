protocol bzflag
title    "BZFlag game server"
source   "BZFlag 2.4 protocol (connection header: BZFS and the protocol version)"
ports    5154
speaks-first yes

rule greeting rank 90
    pattern /BZFS(?<proto_version>[0-9]{4})(?:\r\n\r\n|\x00|\xff)/

accept "BZFS0221\r\n\r\n" as greeting first proto_version "0221" from "BZFlag 2.4.24"
reject "BZFS\r\n\r\n"
