protocol freeswitch
title    "FreeSWITCH event socket"
source   "https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Modules/mod_event_socket_1048924/"
ports    8021
speaks-first yes

rule auth rank 92
    start "Content-Type: auth/request\n\n"

rule rude rank 92
    pattern /Content-Type: text\/rude-rejection\n/

accept "Content-Type: auth/request\n\n" as auth first open
accept "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n" as rude
reject "Content-Type: text/html\n\n"
