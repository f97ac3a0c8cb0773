protocol telnet
title    "Telnet"
source   "RFC 854, RFC 855, RFC 1091, https://www.iana.org/assignments/telnet-options"
ports    23
maybe-ports 2323 992
speaks-first yes

# Two negotiations in a row, each IAC, WILL/WONT/DO/DONT and a registered option.
rule negotiation rank 84
    pattern /(?:\xff[\xfb-\xfe][\x00-\x31\x8a-\x8c\xff]){2}/

rule one-negotiation rank 74
    pattern /\xff[\xfb-\xfe][\x00-\x31](?:\xff\xfa|\xff[\xf1-\xf9]|[\r\n\x20-\x7e])/

rule only-negotiation rank 72
    pattern /\xff[\xfb-\xfd][\x01\x03\x18\x1f-\x22\x25-\x27]/
    size 3

# Text first, negotiation later.
rule late-negotiation rank 70
    pattern /[\r\n\t\x1b\x20-\x7e]{3,800}?\xff[\xfb-\xfe][\x00-\x31](?:\xff[\xfa-\xfe]|[\r\n\x20-\x7e])/

# No negotiation, but a login prompt at the end of text: a terminal, and on TCP that is telnet.
rule prompt rank 40
    ends ":" | ": " | ":\n" | ":\r\n" | ":\r" | ": \r\n" | ">" | "> "
    pattern /[\r\n\t\x1b\x20-\x7e\x80-\xff]*?(?:^|[\r\n>\x07 ])[\w .@()-]{0,60}?\b(?:login|user ?name|user|account|password)(?: id| name)? ?[:>] ?[\r\n]*$/im
    not start "Login:"

accept [ff fd 18 ff fd 20 ff fd 23 ff fd 27] as negotiation first
accept [ff fb 25 ff fb 26 ff fd 18] from "inetutils telnetd 2.4"
accept [ff fb 01] "\r\nlogin: " as one-negotiation
accept [ff fb 01] as only-negotiation
accept "Welcome\r\n" [ff fb 01 ff fb 03] as late-negotiation
reject [ff fb]
reject [ff ff ff ff ff ff]
reject [ff d8 ff e0 00 10] "JFIF"
reject [ff fb f0 ff fb f1]
accept "\r\nDebian GNU/Linux 12\r\n\r\nhost login: " as prompt
accept "User Access Verification\r\n\r\nUsername: " as prompt
accept "Password:" as prompt
reject "login"
reject "please login: or not\r\n"
reject "HTTP/1.1 401 login:\r\n\r\nlogin:" is http
