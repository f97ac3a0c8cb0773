protocol teamspeak
title    "TeamSpeak 3 ServerQuery"
source   "TeamSpeak 3 Server Query Manual (welcome)"
ports    10011
speaks-first yes

rule greeting rank 92
    pattern /TS3\r?\n\r?(?:Welcome to the TeamSpeak 3 ServerQuery interface)?/

accept "TS3\n\rWelcome to the TeamSpeak 3 ServerQuery interface, type \"help\" for a list of commands.\n\r" as greeting first
reject "TS3"
reject "TS4\n\r"
