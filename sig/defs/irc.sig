protocol irc
title    "Internet Relay Chat"
source   "RFC 2812 sections 2.3 and 5, RFC 1459 section 6, https://ircv3.net/specs/extensions/capability-negotiation"
ports    6667
maybe-ports 194 6660-6666 6668 6669 7000 7777

probe irc
    send "CAP LS 302\r\nPING synspect\r\n"

# A server prefix, then a notice, a numeric or an answer to CAP.
rule prefixed rank 86
    pattern /:[A-Za-z0-9][^ \r\n:]{0,120} (?:NOTICE (?:AUTH|\*|[^ \r\n]{1,32}) |[0-9]{3} (?:\*|[^ \r\n]{1,32}) |CAP (?:\*|[^ \r\n]+) (?:LS|NAK|ACK) |PONG )[^\r\n]*\r?\n/

rule notice rank 84
    pattern /NOTICE (?:AUTH|\*) :?[^\r\n]*\r?\n/

rule error rank 82
    pattern /ERROR :[^\r\n]*(?:Closing Link|IRC|[Tt]hrottl|[Rr]econnect|[Bb]anned|K-[Ll]ined|[Rr]egistration|connections?)[^\r\n]*\r?\n/

extract /:(?<hostname>[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}) /

accept ":irc.example.org NOTICE * :*** Looking up your hostname...\r\n" as prefixed first \
    hostname "irc.example.org"
accept ":irc.example.org 451 * GET :You have not registered\r\n"
accept ":irc.example.org CAP * LS :multi-prefix sasl\r\n" answers irc
accept "NOTICE AUTH :*** Looking up your hostname\r\n" as notice
accept "ERROR :\"Oops, HTTP request received? This is IRC!\"\r\n" as error from "ngIRCd 26.1"
accept "ERROR :Closing Link: [10.0.0.1] (Throttled)\r\n"
reject "ERROR :no\r\n"
reject "ERROR\r\n"
reject "NOTICE to all: go home\r\n"
reject ": NOTICE\r\n"
