protocol ftp
title    "File Transfer Protocol"
source   "RFC 959 sections 4.2 and 5.4, RFC 2228 section 3"
ports    21
maybe-ports 2121 990
speaks-first yes

# A reply code of 220 (ready), 120 (wait) or 421 (closing) and the word FTP, not inside a host name,
# in a greeting that does not speak of mail.
rule greeting rank 80
    pattern /(?:220|120|421)[ -](?![^\n]*(?:SMTP|LMTP))(?:[^\n]*?(?<![\w.-]))?(?:S?FTPS?(?![.-]?\w)|\w*FTPD?[ \/(_v0-9]|vsFTPd|ProFTPD|Pure-FTPd|pyftpdlib|FileZilla Server|FTP[ -]?Server)[^\n]*\n/i

# The word stands in a later line of the greeting.
rule greeting-lines rank 78
    pattern /220-(?!(?:[^\n]*\n(?!220 ))*?[^\n]*(?:SMTP|LMTP))(?:[^\n]*\n(?!220 ))*?[^\n]*\n?(?:220 )?[^\n]*?(?<![\w.-])(?:S?FTPS?(?![.-]?\w)|\w*FTPD|Pure-FTPd|FileZilla Server)[^\n]*\n/i

# Greetings that only servers of FTP have: the words of RFC 959 section 5.4 (mail has no users to log
# in), BusyBox, cameras of AXIS, IBM i and EFT.
rule greeting-known rank 77
    pattern /220(?: [^\n]*Service ready for new user| Operation successful\r| AXIS [^\n]*\([A-Z][a-z]{2} {1,2}[0-9]{1,2},? [0-9]{4}\) ready|-QTCP at |[ -][^\n]*\b(?:GlobalSCAPE|EFT Server|CrushFTP|Cerberus|Serv-U)\b)[^\n]*\n/i
    not pattern /[^\n]*(?:SMTP|LMTP)/i

# What a server without a name says to a question that is no FTP.
rule refusal rank 76
    pattern /220[ -][^\n]*\n(?:220[ -][^\n]*\n|[^0-9\n][^\n]*\n)*(?:530 (?:Please login with USER and PASS|Please log in|Not logged in|You are not logged in)|500[ -][^\n]*(?:not understood)[^\n]*\r\n(?:5[03]0 [^\n]*)?)(?!\d\.\d)[^\n]*\r?\n/i
    not pattern /[^\n]*(?:SMTP|LMTP)/i
    not contains "\n500 5.5." | "\n502 5.5." | "\n500-5.5." within 0..1023

# Not allowed in, or asked to log in at once (RFC 959 section 5.4: 530 and 332 only exist here).
rule login rank 60
    pattern /530[ -][^\n]*(?:FTP|anonymous|USER and PASS)[^\n]*\n/i

rule bare-220 rank 20
    pattern /220[ -][^\n]*\n/
    candidates ftp smtp

extract /220[ -][^\n]*?\(?(?<product>vsFTPd|ProFTPD|Pure-FTPd|FileZilla Server|Serv-U FTP Server|Microsoft FTP Service|wu|bftpd|glFTPd|GuildFTPd|Xlight FTP Server|WS_FTP Server|Titan FTP Server|Gene6 FTP Server|IIS FTP)(?:[ \/-]?(?:version |v)?(?<version>[0-9][0-9A-Za-z.]*))?/i

accept "220 (vsFTPd 3.0.3)\r\n" as greeting product "vsFTPd" version "3.0.3" from "vsftpd 3.0.3"
accept "220 (vsFTPd 3.0.3)\r\n530 Please login with USER and PASS.\r\n" first
accept "220 ProFTPD Server (Debian) [::ffff:10.0.0.1]\r\n" product "ProFTPD"
accept "220 host.example.org FTP server ready.\r\n" as greeting
accept "220-Welcome\r\n220 files.example.org FTP server ready\r\n" as greeting-lines
accept "220 FileZilla Server 0.9.54 beta\r\n" as greeting product "FileZilla Server" version "0.9.54"
accept "220-Welcome\r\n220-This is a private FTP server.\r\n220 ready\r\n" as greeting-lines
accept "220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n220 bye\r\n" product "Pure-FTPd"
accept "220 welcome\r\n530 Please login with USER and PASS.\r\n" as refusal
accept "421 Too many users, FTP service closing\r\n"
accept "530 No anonymous logins\r\n" as login
accept "220 Operation successful\r\n" as greeting-known first from "BusyBox 1.35"
accept "220 Service ready for new user.\r\n"
accept "220 AXIS 211 Network Camera 4.30 (May 15 2006) ready.\r\n"
accept "220 pyftpdlib 1.5.7 ready.\r\n" as greeting from "pyftpdlib 1.5"
reject "220 foo.com Service ready\r\n"
unsure "220 ready\r\n" as bare-220
unsure "220 ftp.example.org ready\r\n"
reject "220 ftp.example.org ESMTP Postfix\r\n" is smtp
reject "220 mail.example.org LMTP server ready\r\n" is lmtp
reject "220"
reject "200 FTP\r\n"
