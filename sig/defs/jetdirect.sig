protocol jetdirect
title    "Raw printing with PJL"
source   "HP Printer Job Language Technical Reference Manual, chapter 8 (INFO)"
maybe-ports 9100


# What the printer is called; a printer without PJL might print this line, hence it is asked only when
# named in --probes or on its port.
probe jetdirect
    send [1b] "%-12345X@PJL INFO ID\r\n" [1b] "%-12345X\r\n"

rule info rank 92
    pattern /@PJL INFO [A-Z]+\r?\n"?(?<product>[^"\r\n]{2,64})/

rule ustatus rank 90
    pattern /@PJL (?:USTATUS|ECHO|INQUIRE)[^\r\n]*\r?\n/

accept "@PJL INFO ID\r\n\"HP LaserJet 4250\"\r\n" [0c] as info product "HP LaserJet 4250" answers jetdirect
accept "@PJL USTATUS DEVICE\r\nCODE=10001\r\n" as ustatus
reject "@PJL INFO ID\r\n"
reject "@PJL\r\n"
