# CUPS' answer to the line printer protocol, inside inetd.
packages="openbsd-inetd cups"
tier=full
services="lpd:515"
start() {
	exec_inetd "printer:$port lp /usr/lib/cups/daemon/cups-lpd cups-lpd"
}
