protocol poppassd
title    "Password change over TCP"
source   "poppassd of John Norstad and its descendants (Courier, Cyrus), greeting line"
ports    106
speaks-first yes

rule greeting rank 82
    pattern /200 [^\r\n]*poppassd?[^\r\n]*\r?\n/i

extract /200 [^\r\n]*poppassd? v?(?<version>[0-9][^\s]*)/i

accept "200 poppassd v1.8.5 hello, who are you?\r\n" as greeting version "1.8.5" first
accept "200 courierpoppassd v0.40 hello, who are you?\r\n"
reject "200 hello, who are you?\r\n"
