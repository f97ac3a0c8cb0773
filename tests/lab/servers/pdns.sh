# PowerDNS: an authoritative name server without zones.
packages="pdns-server pdns-backend-bind"
tier=full
services="dns:5300"
start() {
	exec pdns_server --daemon=no --guardian=no --launch=bind --bind-config=/dev/null \
		--local-port="$port" --local-address=0.0.0.0,:: --socket-dir="$dir" --config-dir="$dir"
}
