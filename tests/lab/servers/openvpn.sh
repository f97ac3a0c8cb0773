# OpenVPN over TCP.
packages="openvpn"
tier=full
services="openvpn:1194"
start() {
	cat >"$dir/openvpn.conf" <<-END
		port $port
		proto tcp6-server
		dev tun$port
		dev-type tun
		mode server
		tls-server
		ca $keys/cert.pem
		cert $keys/cert.pem
		key $keys/key.pem
		dh none
	END
	exec openvpn --config "$dir/openvpn.conf"
}
