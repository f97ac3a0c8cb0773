protocol mpd
title    "Music Player Daemon"
source   "https://mpd.readthedocs.io/en/latest/protocol.html"
ports    6600
speaks-first yes

rule greeting rank 92
    pattern /OK MPD (?<version>[0-9]+\.[0-9]+\.[0-9]+)\n/

accept "OK MPD 0.23.5\n" as greeting first open version "0.23.5"
reject "OK MPD\n"
reject "OK 957\r\n"
