protocol svn
title    "Subversion server"
source   "https://svn.apache.org/repos/asf/subversion/trunk/subversion/libsvn_ra_svn/protocol section 2"
ports    3690
speaks-first yes

rule greeting rank 92
    pattern /\( success \( [12] [12] \( (?:[A-Z-]+ )*\) \( (?:[a-z0-9-]+ )*\) \) \) /

rule failure rank 90
    pattern /\( failure \( \( [0-9]+ [0-9]+:/

accept "( success ( 2 2 ( ) ( edit-pipeline svndiff1 absent-entries ) ) ) " as greeting first from "svnserve 1.14"
accept "( failure ( ( 210004 22:Malformed network data 0: 0 ) ) ) " as failure
reject "( success ( ) ) "
reject "( success ( 3 3 ( ) ( ) ) ) "
