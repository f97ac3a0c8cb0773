protocol mysql
title    "MySQL and MariaDB client/server protocol"
source   "https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html, MariaDB 10.11, MySQL 5.5"
ports    3306
maybe-ports 3307 9306
speaks-first yes

# Handshake of version 10: packet 0, a version that begins with a digit and ends with NUL, thread,
# eight bytes of salt and a zero filler.
rule handshake rank 92
    le24 0 in 20..512
    at 3 [00 0a]
    pattern /.{5}(?:5\.5\.5-)?(?<version>[0-9]+\.[0-9][\x20-\x7e]{0,100})\x00.{12}\x00/
    length le24 0 + 4 cut

# Version 9, before 3.21 (same source, protocol_handshake_v9).
rule handshake-9 rank 90
    le24 0 in 8..200
    at 3 [00 09]
    pattern /.{5}(?<version>[0-9]+\.[0-9][\x20-\x7e]{0,60})\x00.{4}[\x20-\x7e]{8}\x00/

# A refusal instead of the greeting: packet 0, 0xff, error 1000 to 4200, a sentence.
rule refused rank 90
    le24 0 in 10..600
    at 3 [00 ff]
    le16 5 in 1000..4200
    pattern /.{7}(?:#[0-9A-Z]{5})?(?<error>[\x20-\x7e\x80-\xff]{8,})/
    length le24 0 + 4 whole

extract /.{5}[\x20-\x7e]{0,100}MariaDB/ product "MariaDB"
extract /.{7}[\x20-\x7e]{0,120}(?:MariaDB server)/ product "MariaDB"
extract /.{7}[\x20-\x7e]{0,120}(?:MySQL server)/ product "MySQL"

accept [64 00 00 00 0a] "5.5.5-10.11.19-MariaDB-0+deb12u1" [00 03 00 00 00] "*~bPJb/`" [00] \
    [fe f7 08 02 00 ff 81 15 00*6 1d 00 00 00] "xX33D?LDL2R*" [00] "mysql_native_password" [00] \
    as handshake first open product "MariaDB" version "10.11.19-MariaDB-0+deb12u1" from "MariaDB 10.11"
accept [47 00 00 00 ff 6a 04] "Host '192.168.77.5' is not allowed to connect to this MariaDB server" \
    as refused product "MariaDB" from "MariaDB 10.11"
accept [1f 00 00 00 ff 10 04] "#08004Too many connections here"
accept [19 00 00 00 09] "3.20.32" [00 01 00 00 00] "abcdefgh" [00 00 00 00] as handshake-9
reject [64 00 00 00 0a] "MariaDB" [00 03 00 00 00] "*~bPJb/`" [00]
reject [05 00 00 00 0a 35 00]
reject [64 00 00 01 0a] "5.5.5" [00*30]
reject [47 00 00 00 ff 6a 04 00*68]
