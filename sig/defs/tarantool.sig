protocol tarantool
title    "Tarantool binary protocol"
source   "https://www.tarantool.io/en/doc/latest/reference/internals/iproto/authentication/ (greeting of 128 bytes)"
ports    3301
maybe-ports 3302
speaks-first yes

rule greeting rank 95
    pattern /Tarantool (?<version>[0-9]+\.[0-9][^ \n]*)(?: \((?:Binary|Lua console)\))?[^\n]*\n/
    set product "Tarantool"

accept "Tarantool 2.11.0 (Binary) 7170b4af-c72a-4b15-97a9-1d6c6f8fd4f7 \nAAAA" product "Tarantool" \
    version "2.11.0" first
accept "Tarantool 1.6.8 (Lua console)\ntype 'help' for interactive help\n"
reject "Tarantool\n"
reject "tarantool 2.11.0\n"
