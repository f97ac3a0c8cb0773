protocol chargen
title    "Character generator"
source   "RFC 864"
ports    19
speaks-first yes

# Lines of 72 printing characters in a ring; each begins one further than the last.
rule ring rank 90
    start " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg" | \
          "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh"

rule any rank 84
    pattern /[\x20-\x7e]{72}\r\n/
    contains "()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[" within 0..72

accept " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n!\"#$" as ring first
accept "'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmn\r\n(" as any
reject " !\"#$%&'()*+,-./0123456789:;<=>?@ABC"
reject "0123456789:;<=>?@ABC\r\n"
