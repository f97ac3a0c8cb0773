protocol hddtemp
title    "Hard disk temperatures"
source   "hddtemp(8), daemon mode"
ports    7634
speaks-first yes

rule disks rank 90
    pattern /\|\/dev\/[A-Za-z0-9\/_.-]+\|[^|\n]{1,64}\|(?:[0-9]{1,3}|[A-Z]{2,4})\|[CF*]\|/

accept "|/dev/sda|ST3500413AS|34|C|" as disks first
reject "|/dev/sda|ST3500413AS|\n"
