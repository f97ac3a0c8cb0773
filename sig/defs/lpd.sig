protocol lpd
title    "Line printer daemon"
source   "RFC 1179 sections 4 and 5; CUPS cups-lpd 2.4, LPRng 3.8"
ports    515

# State of the queue "lp", short form.
probe lpd
    send [03] "lp\n"

rule state rank 80
    pattern /(?:Unable to get printer |lp: unknown printer|lpd: (?:lp|[a-z]+): |no entries\n|Printer: lp@|[^\n]{0,80}lpd: [^\n]*(?:unknown printer|not have line printer access|Malformed|Invalid|Unknown command))/i

rule answered rank 78
    answers lpd
    pattern /(?:[^\n]*\b(?:queue|printer|spool|destinations?|no entries|lp is ready)\b[^\n]*)/i
    text

accept "Unable to get printer lp: No destinations added." answers lpd as state from "cups-lpd 2.4"
accept "lpd: lp: unknown printer\n" as state
accept "Warning: lp queue is turned off\n" answers lpd as answered
reject "no printer\n"
reject [01]
