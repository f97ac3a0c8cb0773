protocol guacd
title    "Apache Guacamole proxy daemon"
source   "https://guacamole.apache.org/doc/gug/guacamole-protocol.html"
ports    4822

probe guacd
    send "6.select,3.vnc;"

# An instruction: length, a dot and that many characters, for opcodes that a proxy sends.
rule args rank 88
    pattern /4\.args,[0-9]+\.[^;]*;/

rule error rank 86
    pattern /5\.error,[0-9]+\.[^,;]*,[0-9]+\.[0-9]+;/

accept "4.args,13.VERSION_1_5_0,8.hostname,4.port;" as args answers guacd
accept "5.error,13.Bad handshake,3.768;" as error
reject "5.error\r\n"
reject "4.arg,1;"
