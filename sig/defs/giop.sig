protocol giop
title    "CORBA General Inter-ORB Protocol"
source   "OMG CORBA 3.3 part 2 section 9.4"
maybe-ports 535 683 1050 1570 2809 3528 3700 7001

# LocateRequest for an object that is not there.
probe giop
    send "GIOP" [01 00 00 03 00 00 00 10 00 00 00 01 00 00 00 08] "synspect"

# Magic, version 1.0 to 1.3, flags, a type that servers send: reply, locate reply, close, error,
# fragment.
rule message rank 95
    at 0 "GIOP" [01]
    u8 5 in 0..3
    u8 6 in 0..3
    u8 7 in 1 4 5 6 7

accept "GIOP" [01 00 00 04 00 00 00 08 00 00 00 01 00 00 00 00] as message answers giop
accept "GIOP" [01 02 01 06 00 00 00 00] as message
reject "GIOP" [01 00 00 03 00 00 00 10]
reject "GIOP" [02 00 00 01]
