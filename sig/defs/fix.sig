protocol fix
title    "Financial Information eXchange"
source   "FIX Session Layer, standard header (tags 8, 9, 35)"

rule header rank 94
    pattern /8=(?<proto_version>FIXT?\.[0-9]\.[0-9](?:SP[0-9])?)\x019=[0-9]{1,6}\x0135=/

accept "8=FIX.4.2" [01] "9=65" [01] "35=A" [01] "49=SERVER" [01] as header proto_version "FIX.4.2"
reject "8=FIX.4.2|9=65|35=A|"
reject "8=FIX.4.2" [01] "35=A" [01]
