protocol rsh
title    "Remote shell and remote login"
source   "rshd(8) and rlogind(8), 4.4BSD; RFC 1282"
ports    512 513 514

# rlogin's start: a NUL, local and remote user, terminal.
probe rsh
    send [00] "synspect" [00] "synspect" [00] "vt100/9600" [00]

# One byte of 1, and why not.
rule refused rank 84
    pattern /\x01(?:rlogind: |rshd: |rexecd: |remshd: |in\.r[a-z]+: )?(?:Permission denied|Login incorrect|Password incorrect|[Uu]nknown user|Where are you\?|Can't |Host address mismatch|Locuser too long|No remote directory|Logins not available|username too long|command too long|Remote user name too long|permission denied|Try again)[^\r\n]*/

rule denied rank 80
    pattern /(?:rlogind|rshd|rexecd|in\.rshd|in\.rlogind): [^\r\n]+\r?\n/

accept [01] "Permission denied.\n" as refused
accept [01] "rlogind: Permission denied.\r\n" as refused
accept "rlogind: Host name for your address unknown.\r\n" as denied
reject [00]
reject [01] "hello\n"
reject "Permission denied.\n"
