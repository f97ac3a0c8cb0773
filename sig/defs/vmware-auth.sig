protocol vmware-auth
title    "VMware authentication daemon"
source   "VMware ESXi 6 (greeting of port 902)"
ports    902
speaks-first yes

rule greeting rank 90
    pattern /220 VMware Authentication Daemon Version (?<version>[0-9.]+)[^\r\n]*\r\n/

accept "220 VMware Authentication Daemon Version 1.10: SSL Required, ServerDaemonProtocol:SOAP, MKSDisplayProtocol:VNC , , NFCSSL supported\r\n" \
    as greeting version "1.10" first
reject "220 VMware\r\n"
