# A scanner's network side, inside inetd.
packages="openbsd-inetd sane-utils"
tier=full
services="sane:6566"
start() {
	exec_inetd "sane-port:$port saned /usr/sbin/saned saned"
}
