protocol redis
title    "Redis serialization protocol"
source   "https://redis.io/docs/latest/develop/reference/protocol-spec/, Redis 7.0, Valkey 7.2"
ports    6379
maybe-ports 6380 16379 26379

probe redis
    send "PING\r\nINFO server\r\n"

rule pong rank 84
    start "+PONG\r\n"

rule info rank 84
    contains "redis_version:" | "valkey_version:" within 0..200
    start "$" | "+PONG\r\n$"

# Errors: a dash, a word in capitals, and the sentence that Redis has for it.
rule error rank 84
    pattern /-(?:ERR (?:unknown command|unknown or unsupported command|wrong number of arguments|Protocol error|operation not permitted|unknown subcommand|invalid password)|NOAUTH Authentication|NOPERM|DENIED Redis|WRONGPASS|LOADING |MASTERDOWN|MISCONF|CLUSTERDOWN|EXECABORT|READONLY |WRONGTYPE|BUSY Redis)/

# Nested arrays of the protocol, such as the answer to COMMAND.
rule array rank 74
    pattern /\*[1-9][0-9]{0,5}\r\n(?:\*[0-9]+\r\n)?\$[0-9]+\r\n[a-z]/

extract /(?:\+PONG\r\n)?\$[0-9]+\r\n.{0,300}?(?:redis|valkey)_version:(?<version>[0-9.]+)\r\n/ product "Redis"
extract /(?:\+PONG\r\n)?\$[0-9]+\r\n.{0,900}?\nos:(?<os>[^\r\n]+)/

accept "+PONG\r\n" answers redis as pong
accept "+PONG\r\n$60\r\n# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:00000000\r\nos:Linux 6.1\r\n" \
    product "Redis" version "7.0.15" os "Linux 6.1"
accept "$60\r\n# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:00000000\r\n" as info
accept "-NOAUTH Authentication required.\r\n" as error open
accept "-ERR wrong number of arguments for 'get' command\r\n" from "Redis 7.0, to GET / HTTP/1.0"
accept "-ERR unknown command 'HELP', with args beginning with: \r\n"
accept "*240\r\n*6\r\n$3\r\nget\r\n:2\r\n" as array
reject "*240\r\n"
reject "-ERR Unknown command.\r\n"
reject "-ERR bad command\r\n"
reject "+PONGO\r\n"
unsure "+OK\r\n"
