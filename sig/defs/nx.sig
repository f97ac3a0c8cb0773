protocol nx
title    "NoMachine NX"
source   "NoMachine NX 4 (greeting of the server), FreeNX nxserver (HELLO line)"
ports    4000
maybe-ports 4080
speaks-first yes

rule hello rank 88
    pattern /HELLO NXSERVER - Version (?<version>[0-9.]+(?:-[0-9]+)?)/

rule nxd rank 88
    pattern /NXD-(?<version>[0-9]+\.[0-9.]+)\r?\n/

accept "HELLO NXSERVER - Version 3.2.0-74 OS (GPL, using backend: 3.5.0)\nNX> 105 " as hello version "3.2.0-74"
accept "NXD-6.10.12\n" as nxd version "6.10.12"
reject "HELLO NXSERVER\n"
reject "NXD\n"
