# iperf3: waits for a cookie and answers none that is wrong.
packages="iperf3"
tier=full
services="iperf3:5201"
start() {
	exec iperf3 -s -p "$port"
}
