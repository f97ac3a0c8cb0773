protocol ssh
title    "Secure Shell"
source   "RFC 4253 section 4.2"
ports    22
maybe-ports 2222 2022 22222
speaks-first yes

# The identification string may be preceded by other lines (RFC 4253 section 4.2), but then it is
# still found at the start of a line within a few hundred bytes.
rule ident rank 90
    pattern /SSH-(?<proto_version>1\.[0-9]{1,2}|2\.0)-/

rule ident-later rank 45
    pattern /[^\x00-\x08\x0e-\x1f]{1,800}?\nSSH-(?<proto_version>1\.[0-9]{1,2}|2\.0)-[\x21-\x7e]/

# What OpenSSH's daemon says to those it will not talk to (sshd.c, too many or penalised connections).
rule dropped rank 84
    start "Exceeded MaxStartups\r\n" | "Not allowed at this time\r\n"
    set product "OpenSSH"

extract /SSH-[12]\.[0-9]+-(?<product>OpenSSH|dropbear|libssh|ROSSSH|Cisco|WeOnlyDo|mod_sftp)[_-](?<version>[0-9][^\s]*)/
extract /SSH-[12]\.[0-9]+-(?<product>[^\s_-]{1,40})(?:[_-](?<version>[0-9][^\s]*))?[\s]/

accept "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" as ident first open \
    product "OpenSSH" version "9.2p1" proto_version "2.0"
accept "SSH-2.0-dropbear_2022.83\r\n" [00 00 01 a4 0c 14] product "dropbear" version "2022.83"
accept "SSH-1.99-Cisco-1.25\n" product "Cisco" version "1.25"
accept "Authorised use only\r\nSSH-2.0-OpenSSH_7.4\r\n" as ident-later
accept "SSH-2.0-"
accept "Exceeded MaxStartups\r\n" as dropped first
reject "HTTP/1.1 400 SSH-2.0-x\r\n"
reject "SSH"
reject "SSH server ready\r\n"
reject "we speak SSH-2.0-x\r\n"
