protocol jdwp
title    "Java debug wire protocol"
source   "https://docs.oracle.com/en/java/javase/17/docs/specs/jdwp/jdwp-spec.html"
maybe-ports 5005 8000 8787 9990

# The handshake and, so that an echo can be told from it, a command: VirtualMachine.Version.
probe jdwp
    send "JDWP-Handshake"
    send [00 00 00 0b 00 00 00 01 00 01 01]

rule version rank 96
    start "JDWP-Handshake"
    length be32 14 + 14 cut
    at 18 [00 00 00 01 80 00 00]

# The handshake alone may be an echo that was cut.
rule alone rank 94
    start "JDWP-Handshake"
    size 14..17
    candidates jdwp echo

extract /JDWP-Handshake.{11}.{0,400}?(?<product>Java Debug Wire Protocol)[^\n]{0,80}?version (?<version>[0-9][0-9.]*)/

unsure "JDWP-Handshake" answers jdwp
accept "JDWP-Handshake" [00 00 00 20 00 00 00 01 80 00 00 00 00 00 09] "OpenJDK 1" [00*8] answers jdwp as version
unsure "JDWP-Handshake" as alone
reject "JDWP-Handshake" [00 00 00 0b 00 00 00 01 00 01 01] answers jdwp is echo
unsure "JDWP-Handshake" asked "JDWP-Handshake"
reject "JDWP-Hand"
