protocol sieve
title    "ManageSieve"
source   "RFC 5804 section 1.7"
ports    4190
maybe-ports 2000
speaks-first yes

rule capabilities rank 88
    pattern /"IMPLEMENTATION" "(?<product>[^"\r\n]*)"\r\n/i

rule capabilities-later rank 87
    pattern /"(?:SIEVE|SASL|STARTTLS|VERSION|NOTIFY|LANGUAGE)"[^\r\n]*\r\n(?:"[^\r\n]*\r\n){0,12}?"(?:IMPLEMENTATION|SIEVE)" "/i

rule bye rank 70
    pattern /(?:NO|BYE)(?: \([A-Z\/-]+\))? "[^"\r\n]*(?:sieve|timsieved)[^"\r\n]*"\r\n/i

accept "\"IMPLEMENTATION\" \"Dovecot (Debian) Pigeonhole\"\r\n\"SIEVE\" \"fileinto reject\"\r\n\"SASL\" \"\"\r\nOK \"Dovecot ready.\"\r\n" \
    as capabilities product "Dovecot (Debian) Pigeonhole" first
accept "\"STARTTLS\"\r\n\"SIEVE\" \"fileinto\"\r\nOK\r\n" as capabilities-later
accept "BYE \"managesieve is going down\"\r\n" as bye
reject "\"IMPLEMENTATION\"\r\n"
reject "OK \"Sieve\"\r\n"
