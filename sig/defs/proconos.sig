protocol proconos
title    "ProConOS programmable controllers"
source   "ProConOS information request as published by Digital Bond's Redpoint project"
ports    20547

# Asks for the run-time, the model and the project.
probe proconos
    send [cc 01 00 0b 40 02 00 00 47 ee]

rule information rank 88
    at 0 [cc]
    contains "ProConOS" within 4..200

extract /\xcc.{4,200}?(?<product>ProConOS) V(?<version>[0-9][0-9.]*)/

accept [cc 01 00 71 40 02 00 00 0b 40 3f 2a] "ProConOS V3.0.1040 Oct 29 2002" [00*8] as information \
    product "ProConOS" version "3.0.1040" answers proconos
reject [cc 01 00 0b 40 02 00 00 47 ee]
