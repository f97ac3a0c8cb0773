protocol lcdproc
title    "LCDproc"
source   "LCDproc developer's guide, client language; LCDd 0.5.9"
ports    13666

probe lcdproc
    send "hello\n"

rule connect rank 90
    pattern /connect LCDproc (?<version>[0-9][^ \n]*) (?:lcd|protocol) /
    set product "LCDproc"

rule refused rank 86
    pattern /huh\? Invalid command "[^"\n]*"\n/

accept "connect LCDproc 0.5.9 protocol 0.3 lcd wid 20 hgt 4 cellwid 5 cellhgt 8\n" as connect version "0.5.9"
accept "huh? Invalid command \"GET\"\n" as refused from "LCDd 0.5.9"
reject "huh?\n"
