protocol gdbserver
title    "GDB remote serial protocol"
source   "Debugging with GDB, appendix E.1 (packets) and E.4 (qSupported)"
maybe-ports 1234 2159 3333 2345

probe gdbserver
    send "$qSupported:multiprocess+#c6"

# An acknowledgement, or a packet with a checksum in hex; for our question, what it supports.
rule supported rank 92
    pattern /\+?\$(?:PacketSize=[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9-]*[+-](?:;|#))[^#\x00]*#[0-9a-f]{2}/

rule packet rank 84
    answers gdbserver
    pattern /\+?\$[^#$\x00]{0,600}#[0-9a-f]{2}/

accept "+$PacketSize=47ff;QPassSignals+;multiprocess+#a5" as supported answers gdbserver
accept "+$#00" answers gdbserver as packet
reject "+$#00"
reject "$PacketSize\r\n"
