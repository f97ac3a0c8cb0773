# A finger server.
packages="openbsd-inetd fingerd finger"
tier=core
services="finger:79"
start() {
	exec_inetd "finger:$port nobody /usr/sbin/in.fingerd in.fingerd"
}
