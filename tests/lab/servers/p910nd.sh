# A printer's raw port; takes what comes and says nothing. Its port is built in.
packages="p910nd"
tier=full
services="jetdirect:9100"
moves=no
start() {
	mkdir -p /var/lock/p910nd
	exec p910nd -i :: -d -f /dev/null 0
}
