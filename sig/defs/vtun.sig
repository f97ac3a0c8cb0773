protocol vtun
title    "VTun"
source   "VTun 3.0 auth.c (greeting, in a message of 50 bytes)"
maybe-ports 5000
speaks-first yes

rule greeting rank 92
    pattern /VTUN server ver (?<version>[0-9][^ \n\x00]*)[^\n\x00]*\n/
    set product "VTun"

accept "VTUN server ver 3.X 05/14/2022\n" [00*18] as greeting first version "3.X" from "vtun 3.0.4"
reject "VTUN server\n"
