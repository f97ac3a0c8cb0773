protocol fastcgi
title    "FastCGI"
source   "FastCGI Specification sections 3.3, 4.1 and 5.5"
maybe-ports 9000 9001

# GET_VALUES for MPXS_CONNS, which an application answers without running anything.
probe fastcgi
    send [01 09 00 00 00 11 00 00] [0f 00] "FCGI_MPXS_CONNS"

rule values rank 88
    at 0 [01 0a 00 00]
    u8 7 = 0
    length be16 4 + 8 cut
    contains "FCGI_" within 10..20

# END_REQUEST alone, or output that begins like a CGI answer.
rule end rank 86
    at 0 [01 03]
    at 4 [00 08 00 00]
    u8 12 in 0..3
    at 13 [00 00 00]

rule output rank 88
    at 0 [01]
    u8 1 in 6 7
    be16 2 in 1..64
    u8 6 in 0..8
    at 7 [00]
    pattern /.{8}(?:[A-Za-z][A-Za-z-]{1,40}: |PHP |Primary script|Status: )/

accept [01 0a 00 00 00 12 06 00 0f 01] "FCGI_MPXS_CONNS0" [00*6] as values
accept [01 03 00 01 00 08 00 00 00 00 00 00 00 00 00 00] as end
accept [01 06 00 01 00 1d 03 00] "Content-type: text/html\r\n\r\nok" [00*3] as output
reject [01 09 00 00 00 11 00 00 0f 00] "FCGI_MPXS_CONNS"
reject [01 03 00 01 00 08 00 00 00 00 00 00 09 00 00 00]
