protocol dict
title    "Dictionary server protocol"
source   "RFC 2229 sections 3.1 and 2.4"
ports    2628
speaks-first yes

# The banner ends in capabilities and a message id, each in angle brackets.
rule banner rank 84
    pattern /220 [^\r\n]*<[a-z0-9_.]+(?:\.[a-z0-9_.]+)*> <[^<>@ \r\n]+@[^<>\r\n]+>\r?\n/

rule banner-old rank 83
    pattern /220 [^\r\n]*\bdictd?\b[^\r\n]*<[^<>@ \r\n]+@[^<>\r\n]+>\r?\n/i

extract /220 \S+ (?<product>dictd) (?<version>[0-9][^\s\/]*)/

accept "220 dict.org dictd 1.12.1/rf on Linux <auth.mime> <2.17778.1795359758@dict.org>\r\n" first open \
    product "dictd" version "1.12.1"
accept "220 dict.org dictd (version 0.9) <27831.860032493@dict.org>\r\n" as banner-old
reject "220 mx.example.org ESMTP <1@mx>\r\n" is smtp
reject "220 dict.org ready\r\n"
reject "220 dict.org dictd 1.12.1 <auth.mime>"
