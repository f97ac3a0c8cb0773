protocol atg
title    "Veeder-Root automatic tank gauge, TLS-350 serial interface"
source   "Veeder-Root Serial Interface Manual 576013-635, sections 5 and 7 (computer and display format, I20100)"
ports    10001

# In-tank inventory of all tanks, in display format.
probe atg
    send [01] "I20100\n"

# The answer repeats the function behind SOH, then has the date.
rule inventory rank 90
    pattern /\x01\r?\n{0,2}I[0-9]{3}00\r?\n\r?\n?[A-Z]{3} [0-9 ]?[0-9], 20[0-9]{2}/

# A function that it does not know, or that wants a security code.
rule refused rank 90
    pattern /\x01?9999FF1B/

accept [01 0d 0a] "I20100\r\nNOV 22, 2026  3:02 PM\r\n\r\nSTATION\r\n" as inventory answers atg
accept "9999FF1B\r\n" as refused
reject [01] "I20100\n"
reject "9999FF1A\r\n"
