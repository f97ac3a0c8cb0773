# Transmission: its web side and its BitTorrent side.
packages="transmission-daemon"
tier=full
services="http:9091,v4 bittorrent:51413"
start() {
	cat >"$dir/settings.json" <<-END
		{"rpc-port": $port, "peer-port": $port2, "rpc-whitelist-enabled": false,
		 "rpc-host-whitelist-enabled": false, "dht-enabled": false, "lpd-enabled": false,
		 "pex-enabled": false, "port-forwarding-enabled": false}
	END
	exec transmission-daemon -f -g "$dir"
}
