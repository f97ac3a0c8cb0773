protocol minecraft
title    "Minecraft, Java edition"
source   "https://minecraft.wiki/w/Java_Edition_protocol/Server_List_Ping"
ports    25565

# Handshake for status, then the status request.
probe minecraft
    send [0f 00 2f 09] "localhost" [63 dd 01] [01 00]

# A length, packet 0, and JSON that names the version.
rule status rank 92
    pattern /[\x80-\xff]{0,2}[\x01-\x7f]\x00[\x80-\xff]{0,2}[\x01-\x7f]\{[^\x00]{0,900}?"(?:protocol|players|description|version)" ?:/

# The legacy answer is a kick in UTF-16: paragraph sign, 1.
rule legacy rank 90
    at 0 [ff 00]
    at 3 [00 a7 00 31 00 00]

extract /.{3,6}\{[^\x00]{0,600}?"version":\{[^}]*?"name":"(?<version>[^"]+)"/

accept [43 00 41] "{\"version\":{\"name\":\"1.20.1\",\"protocol\":763},\"players\":{\"max\":20}}" as status version "1.20.1"
accept [ff 00 17 00 a7 00 31 00 00 00 34 00 37] as legacy
reject [43 00 41] "{\"name\":\"1.20.1\"}"
reject [ff 00 17 00 a7 00 32 00 00]
