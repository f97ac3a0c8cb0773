protocol ucp
title    "Universal Computer Protocol, EMI"
source   "ETS 300 133-3, EMI/UCP interface specification 4.0 section 3 (message structure)"
maybe-ports 5000

# STX, reference, length, R for result, an operation, A or N.
rule result rank 92
    pattern /\x02[0-9]{2}\/[0-9]{5}\/R\/[0-9]{2}\/[AN]\/[^\x03]*\//

accept [02] "00/00020/R/31/A/0003/F1" [03] as result
reject [02] "00/00020/O/31/A/0003/F1" [03]
