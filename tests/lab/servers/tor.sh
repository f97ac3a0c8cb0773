# Tor: a socks proxy and its control port.
packages="tor"
tier=core
services="socks:9050 tor-control:9051"
start() {
	mkdir -m 700 -p "$dir/data"
	cat >"$dir/torrc" <<-END
		SocksPort 0.0.0.0:$port
		SocksPort [::]:$port
		ControlPort 0.0.0.0:$port2
		ControlPort [::]:$port2
		CookieAuthentication 1
		DataDirectory $dir/data
		User root
	END
	exec tor -f "$dir/torrc" --defaults-torrc /dev/null
}
