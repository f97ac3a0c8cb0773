# gdbserver: serves one client and ends, so it is started again.
packages="gdbserver"
tier=full
services="gdbserver:2345"
start() {
	while gdbserver --multi "[::]:$port" || sleep 0.2; do
		:
	done
}
