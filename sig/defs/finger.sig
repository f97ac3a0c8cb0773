protocol finger
title    "Finger"
source   "RFC 1288 sections 2.3 and 2.5; bsd-finger 0.17, cfingerd"
ports    79

probe finger
    send "synspect\r\n"

rule login rank 84
    pattern /(?:\r?\n)?Login(?: name)?: ?[^\s:]+[ \t]{1,60}(?:Name|In real life): /

rule no-such-user rank 84
    pattern /(?:finger: [^\n]{1,1000}: no such user\.?\r?\n)/

rule list rank 82
    pattern /Login +(?:Name|Tty|User)[^\n]*(?:Tty|Idle|Login Time|When|Where)[^\n]*\n/

rule nobody rank 80
    pattern /No one logged on\.?\r?\n$/

# Terminal lines of a Cisco router (Cisco IOS, service finger).
rule cisco rank 84
    pattern /\s{0,8}Line +User +Host\(s\) +Idle +Location/

rule option rank 78
    pattern /finger: (?:invalid|unknown) option|finger: .{0,60}\nusage: finger \[/

accept "\r\n    Line       User       Host(s)              Idle       Location\r\n" as cisco
accept "Login: root           \t\t\tName: root\r\nDirectory: /root\r\n" as login from "bsd-finger 0.17"
accept "finger: GET: no such user.\r\nfinger: /: no such user.\r\n" as no-such-user from "bsd-finger 0.17"
accept "Login     Name       Tty      Idle  Login Time   Office\r\nroot      root       tty1" as list
accept "No one logged on.\r\n" as nobody
accept "finger: invalid option -- '1'\nusage: finger [-lmps] [login ...]\n" as option
reject "Login: "
reject "no such user\r\n"
