protocol asterisk-ami
title    "Asterisk manager interface"
source   "https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/"
ports    5038
speaks-first yes

rule greeting rank 92
    pattern /Asterisk Call Manager\/(?<version>[0-9][0-9.]*)\r?\n/

accept "Asterisk Call Manager/5.0.2\r\n" as greeting version "5.0.2" first open
reject "Asterisk\r\n"
