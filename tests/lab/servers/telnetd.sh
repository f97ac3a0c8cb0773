# A telnet server: speaks first, in option negotiation.
packages="openbsd-inetd inetutils-telnetd"
tier=core
services="telnet:23,greets"
start() {
	exec_inetd "telnet:$port root /usr/sbin/telnetd telnetd"
}
