# The small services inside inetd: echo, discard, daytime, chargen, time.
packages="openbsd-inetd"
tier=core
services="echo:7 discard:9 daytime:13,greets chargen:19,greets time:37,greets"
start() {
	exec_inetd "echo:$port internal" "discard:$port2 internal" "daytime:$port3 internal" \
		"chargen:$port4 internal" "time:$port5 internal"
}
