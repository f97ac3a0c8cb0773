protocol svdrp
title    "Simple video disk recorder protocol"
source   "VDR 2.6 svdrp.c (greeting and reply codes), MANUAL"
ports    6419
speaks-first yes

rule greeting rank 90
    pattern /220 (?<hostname>\S+) SVDRP VideoDiskRecorder (?<version>[0-9][^; \r\n]*);[^\r\n]*\r\n/
    set product "VDR"

accept "220 box SVDRP VideoDiskRecorder 2.6.0; Sun Nov 22 15:02:32 2026; UTF-8\r\n" as greeting first \
    version "2.6.0" hostname "box"
reject "220 box SVDRP\r\n"
