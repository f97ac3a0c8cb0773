protocol ge-srtp
title    "GE service request transport protocol"
source   "Denton et al., Leveraging the SRTP protocol for over-the-network memory acquisition of a GE Fanuc Series 90-30, DFRWS 2017"
ports    18245
maybe-ports 18246

# The initialisation: 56 zeros.
probe ge-srtp
    send [00*56]

rule init rank 84
    answers ge-srtp
    at 0 [01 00]
    size 56

accept [01 00*55] answers ge-srtp as init
reject [01 00*55]
reject [02 00*55] answers ge-srtp
