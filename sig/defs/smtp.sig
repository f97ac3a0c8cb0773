protocol smtp
title    "Simple Mail Transfer Protocol"
source   "RFC 5321 sections 3.1, 4.2 and 4.3.1; RFC 3463; RFC 2034"
ports    25 587
maybe-ports 26 465 2525
speaks-first yes

probe smtp
    send "EHLO synspect.invalid\r\n"

rule greeting rank 82
    pattern /(?:220|421|521|554)[ -](?![^\n]*LMTP)[^\n]*?(?<![\w.])(?:E?SMTPS?)(?![.]?\w)[^\n]*\n/i

rule greeting-lines rank 81
    pattern /220-(?!(?:[^\n]*\n(?!220 ))*?[^\n]*LMTP)(?:[^\n]*\n(?!220 ))*?[^\n]*\n220 [^\n]*(?<![\w.])E?SMTP(?![.]?\w)[^\n]*\n/i

# A customary refusal of unsolicited mail in the greeting.
rule no-uce rank 79
    pattern /220[ -][^\n]*\b(?:NO[ -]UCE|NO[ -]UBE|NO SPAM)\b[^\n]*\n/

# Servers that do not say their protocol but their name.
rule product rank 80
    pattern /220[ -][^\n]*(?:\bPostfix\b|\bExim \d|\bSendmail\b|\bMailEnable\b|\bMDaemon\b|\bqmail\b|\bOpenSMTPD\b|\bhMailServer\b|\b(?:Internet )?Mail (?:Server|Service|Agent)\b|\bGroupWise\b|\bMailStore\b)(?![^\n]*(?:FTP|LMTP|POP3|IMAP))[^\n]*\n/i

# Names its capabilities (RFC 5321 section 4.1.1.1) after a greeting that says nothing.
rule ehlo rank 80
    pattern /220[ -][^\n]*\n(?:220[ -][^\n]*\n)*250-[^\n]*\n(?:250-[^\n]*\n)*?250[ -](?:SIZE|AUTH|VRFY|ETRN|EXPN|HELP|DELIVERBY|BURL|SMTPUTF8)\b/i
    not pattern /220[^\n]*LMTP/i

# Cisco firewalls blot out the banner of mail servers behind them (inspect esmtp, mask-banner).
rule masked rank 70
    pattern /220[ -][*0 ]{8,}[*0 2]*\r?\n/

# Enhanced status codes that only a client that was greeted gets, or a refusal to greet.
rule refused rank 78
    pattern /(?:554|521|421|450|451)[ -](?:[45]\.[0-9]\.[0-9]{1,3} )?[^\n]*(?:\bSMTP\b|\bRBL\b|\bDNSBL\b|blacklist|blocklist|\bmail\b|\brelay|5\.7\.1|4\.7\.[01]|4\.3\.2)[^\n]*\n/i

# The reason stands in the last line.
rule refused-lines rank 78
    pattern /(?:554|421|521)-[^\n]*\n(?:(?:554|421|521)-[^\n]*\n){0,6}(?:554|421|521) [^\n]*(?:\bSMTP\b|\bRBL\b|\bDNSBL\b|blacklist|blocklist|\bmail\b|\bMTA|\brelay|5\.7\.1|4\.7\.[01])[^\n]*\n/i

extract /220[ -][^\n]*?\b(?<product>Postfix|Exim|Sendmail|OpenSMTPD|Microsoft ESMTP MAIL Service|MailEnable|MDaemon|hMailServer|Haraka|CommuniGate Pro|Zimbra|Lotus Domino|Kerio Connect|qmail|netqmail)(?:[ ,\/]*(?:Version: |v)?(?<version>[0-9][0-9A-Za-z.]*))?/i
extract /220[ -](?<hostname>[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,})[ ]/

accept "220 mx.example.org ESMTP Postfix\r\n" first open as greeting product "Postfix" \
    hostname "mx.example.org" from "Postfix 3.7"
accept "220 mx.example.org ESMTP Exim 4.96 Sun, 22 Nov 2026 15:02:32 +0000\r\n" \
    product "Exim" version "4.96"
accept "220-hello\r\n220 mx.example.org ESMTP\r\n" as greeting-lines
accept "220 foo.com Simple Mail Transfer Service Ready\r\n250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250 HELP\r\n" \
    as ehlo from "RFC 5321 appendix D.1"
accept "220 mail.example.org Sendmail 8.17 ready\r\n" as product
accept "554 5.7.1 Service unavailable; client host blocked\r\n" as refused
accept "421 4.3.2 Service not available\r\n"
accept "220 *************************************\r\n" as masked
accept "220 localhost NO UCE NO UBE NO RELAY PROBES\r\n" as no-uce from "Twisted 22.4"
accept "554-esa1.example.org\r\n554 Your access to this mail system has been rejected.\r\n" as refused-lines
unsure "220 foo.com Service ready\r\n"
reject "220 localhost LMTP ready\r\n" is lmtp
reject "554 no\r\n"
reject "250 OK\r\n"
