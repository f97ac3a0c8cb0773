protocol gpsd
title    "GPS daemon"
source   "gpsd_json(5), VERSION"
ports    2947
speaks-first yes

rule version rank 92
    pattern /\{"class":"VERSION","release":"(?<version>[^"]+)"/

accept "{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\",\"proto_major\":3,\"proto_minor\":14}\r\n" \
    as version version "3.22" first
reject "{\"class\":\"VERSION\"}\r\n"
reject "{\"class\":\"ERROR\",\"release\":\"3.22\"}\r\n"
