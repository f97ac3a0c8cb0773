protocol pop3
title    "Post Office Protocol, version 3"
source   "RFC 1939 sections 3 and 4, RFC 2449"
ports    110
maybe-ports 1110
speaks-first yes

probe pop3
    send "CAPA\r\n"

# A positive answer that says something: POP, a server's name, or the timestamp of APOP
# (RFC 1939 section 7).
rule greeting rank 82
    pattern /\+OK[ -][^\r\n]*(?:\bPOP|Dovecot|Cyrus|Courier|Qpopper|\bMail|MDaemon|Exchange|ready|<[^<>@\s]+@[^<>\s]+>)[^\r\n]*\r?\n/i

rule greeting-any rank 62
    pattern /\+OK [ -~]{3,}\r\n/

# Positive to nothing we asked, negative to what we did.
rule refusal rank 80
    pattern /\+OK[^\r\n]*\r\n-ERR[ \r]/

rule denied rank 70
    pattern /-ERR [^\r\n]*(?:\bPOP3?\b|\[(?:SYS|IN-USE|AUTH|LOGIN-DELAY)[^\]]*\])[^\r\n]*\r\n/i

rule ok rank 10
    pattern /\+OK\r?\n/
    candidates pop3 redis

extract /\+OK[^\r\n]*?\b(?<product>Dovecot|Cyrus POP3|Courier|Qpopper|MDaemon|MailEnable|Microsoft Exchange Server|hMailServer|Zimbra|Kerio Connect)(?:[ \/(v]+(?<version>[0-9][0-9A-Za-z.]*))?/i

accept "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n" from "RFC 1939 section 10" \
    as greeting first open
accept "+OK Dovecot (Debian) ready.\r\n" product "Dovecot"
accept "+OK Dovecot (Debian) ready.\r\n-ERR Unknown command.\r\n"
accept "+OK\r\n-ERR bad command\r\n" as refusal
accept "+OK hello there\r\n" as greeting-any
accept "-ERR [SYS/TEMP] try later\r\n" as denied
unsure "+OK\r\n" as ok
reject "+PONG\r\n"
reject "+OK"
reject "-ERR unknown command 'GET'\r\n"
