protocol imap
title    "Internet Message Access Protocol"
source   "RFC 9051 section 7.1"
ports    143
maybe-ports 220
speaks-first yes

probe imap
    send "a1 CAPABILITY\r\n"

# The greeting is an untagged OK, PREAUTH or BYE.
rule greeting rank 82
    pattern /\* (?:OK|PREAUTH) (?:\[[^\]\r\n]*\] ?)?[^\r\n]*\r?\n/

rule bye rank 80
    pattern /\* BYE [^\r\n]*\r?\n/

extract /\* OK [^\r\n]*?\b(?<product>Dovecot|Courier-IMAP|Cyrus IMAP|Microsoft Exchange Server|Zimbra|MDaemon|MailEnable|hMailServer|UW IMAP|Gimap|Kerio Connect)(?:[ \/]+v?(?<version>[0-9][0-9A-Za-z.]*))?/i

accept "* OK IMAP4rev1 Service Ready\r\n" from "RFC 9051 section 7.1" as greeting first open
accept "* OK [CAPABILITY IMAP4rev1 SASL-IR STARTTLS] Dovecot (Debian) ready.\r\n" product "Dovecot"
accept "* PREAUTH IMAP4rev1 server logged in as Smith\r\n"
accept "* BYE Autologout; idle for too long\r\n" as bye
reject "* ACAP (IMPLEMENTATION \"x\")\r\n"
reject "* OKAY\r\n"
reject "*"
