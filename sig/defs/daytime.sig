protocol daytime
title    "Daytime"
source   "RFC 867"
ports    13
speaks-first yes

# Syntaxes that RFC 867 names, and that inetd writes: one line with day, month and time and nothing
# else.
rule line rank 80
    pattern /(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* {1,2}[0-9]{1,2},?|[0-9]{1,2}[ -](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[a-z]*[ -](?:[0-9]{2}|[0-9]{4}))(?:[ ,]+[0-9]{4})? {1,2}[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?: [AP]M)?(?:[ -][A-Z]{3,5})?(?: [0-9]{4})?\r?\n$/
    size 18..64

# NIST's form.
rule nist rank 84
    pattern /\r?\n[0-9]{5} [0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9 .]+UTC\(NIST\) \*/

accept "Sun Nov 22 15:02:32 2026\r\n" as line from "OpenBSD inetd"
accept "Tuesday, February 22, 1982 17:37:43-PST\r\n" from "RFC 867"
accept "02 FEB 82 07:59:01 PST\r\n" from "RFC 867"
accept "\n60636 24-11-22 15:02:32 00 0 0 123.4 UTC(NIST) * \n" as nist
reject "Sun Nov 22 15:02:32 2026 server started\r\n"
reject "Nov 22\r\n"
