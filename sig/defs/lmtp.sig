protocol lmtp
title    "Local Mail Transfer Protocol"
source   "RFC 2033 section 4"
ports    24
speaks-first yes

probe lmtp
    send "LHLO synspect.invalid\r\n"

rule greeting rank 84
    pattern /220[ -][^\n]*(?<![\w.])LMTP(?![.]?\w)[^\n]*\n/i

# Dovecot's LMTP greets with its name alone; its submission server adds no such thing, it has the
# word ESMTP.
rule dovecot rank 79
    pattern /220 \S+ Dovecot[^\n]*ready\.?\r\n/
    set product "Dovecot"

accept "220 localhost LMTP server ready\r\n" as greeting first open
accept "220 mail.example.org Cyrus LMTP 3.6 server ready\r\n"
accept "220 srv.example.org Dovecot (Debian) ready.\r\n" as dovecot product "Dovecot" from "Dovecot 2.3.19"
accept "220 srv.example.org Dovecot ready.\r\n500 5.5.1 Unknown command\r\n"
reject "220 mx.example.org ESMTP Postfix\r\n" is smtp
reject "220 lmtp.example.org ready\r\n"
reject "220 LMTP"
