protocol rethinkdb
title    "RethinkDB"
source   "https://rethinkdb.com/docs/writing-drivers/"
ports    28015

# The magic number of version 1.0.
probe rethinkdb
    send [c3 bd c2 34]

rule hello rank 88
    pattern /\{[^}]{0,200}"min_protocol_version":[ 0-9]+[^}]{0,200}"server_version":"(?<version>[0-9][^"]*)"[^}]*\}\x00/

rule error rank 86
    pattern /ERROR: Received an unsupported protocol version\. This port is for RethinkDB/

accept "{\"success\":true,\"min_protocol_version\":0,\"max_protocol_version\":0,\"server_version\":\"2.4.0\"}" [00] \
    as hello version "2.4.0"
accept "ERROR: Received an unsupported protocol version. This port is for RethinkDB queries. Does your client driver version not match the server?\n" [00] \
    as error
reject "{\"success\":true,\"server_version\":\"2.4.0\"}"
reject "ERROR: Received an unsupported protocol version.\n"
