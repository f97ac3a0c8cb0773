# coturn: stun and turn over TCP.
packages="coturn"
tier=full
services="stun:3478"
start() {
	exec turnserver -n --listening-port "$port" --no-udp --no-dtls --no-tls --no-cli \
		--listening-ip "$addr4" --listening-ip "$addr6" --relay-ip "$addr4" \
		--min-port 60000 --max-port 60100 --db "$dir/turndb" --pidfile "$dir/pid" --log-file stdout \
		--no-auth --realm lab.test
}
