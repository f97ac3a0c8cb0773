protocol sip
title    "Session Initiation Protocol"
source   "RFC 3261 sections 7.2 and 18.2"
ports    5060
maybe-ports 5061 5062 5080

probe sip
    send "OPTIONS sip:synspect@localhost SIP/2.0\r\n"
    send "Via: SIP/2.0/TCP localhost:5060;branch=z9hG4bK-synspect;rport\r\n"
    send "Max-Forwards: 1\r\nFrom: <sip:synspect@localhost>;tag=synspect\r\n"
    send "To: <sip:synspect@localhost>\r\nCall-ID: synspect@localhost\r\nCSeq: 1 OPTIONS\r\n"
    send "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"

# An answer repeats these fields of its question (RFC 3261 section 8.2.6.2); a web server that answers
# in the name of the protocol it was asked in does not.
rule status rank 90
    pattern /SIP\/2\.0 (?<status>[1-6][0-9]{2})[ \r\n]/
    header "Via" | "v" | "CSeq" | "Call-ID" | "i"

# Without them, but to a question in another protocol: nobody mirrors what was not asked.
rule status-unasked rank 86
    pattern /SIP\/2\.0 (?<status>[1-6][0-9]{2})[ \r\n]/
    asked "GET " | [16 03]

# Some servers speak to whoever connects.
rule request rank 86
    pattern /(?:OPTIONS|REGISTER|INVITE|NOTIFY|SUBSCRIBE|MESSAGE|BYE|ACK|CANCEL|INFO|UPDATE|PUBLISH|REFER|PRACK) sips?:[^ \r\n]+ SIP\/2\.0\r\n/

extract header "Server" /(?<product>[^\/\r\n]{1,64}?)(?:\/(?<version>[^ \r\n]+)|$| )/
extract header "User-Agent" /(?<product>[^\/\r\n]{1,64}?)(?:\/(?<version>[^ \r\n]+)|$| )/

accept "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 10.0.0.1\r\nServer: kamailio/5.6.3\r\n\r\n" status "200" \
    product "kamailio" version "5.6.3"
accept "SIP/2.0 404 Not Found\r\nCSeq: 1 OPTIONS\r\n\r\n" as status
reject "SIP/2.0 404 Not Found\r\n\r\n"
accept "OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n" as request
accept "SIP/2.0 400 Bad Request\r\n\r\n" asked "GET / HTTP/1.0\r\n\r\n" as status-unasked
reject "SIP/2.0"
reject "SIP/2.0 xyz\r\n"
reject "INVITE sip:a SIP/3.0\r\n"
