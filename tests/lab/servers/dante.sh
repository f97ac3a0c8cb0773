# Dante, a socks server.
packages="dante-server"
tier=core
services="socks:1080"
start() {
	cat >"$dir/danted.conf" <<-END
		logoutput: stderr
		internal: 0.0.0.0 port = $port
		internal: :: port = $port
		external: lo
		socksmethod: none
		clientmethod: none
		user.privileged: root
		user.unprivileged: nobody
		client pass { from: 0/0 to: 0/0 }
		socks block { from: 0/0 to: 0/0 }
	END
	exec danted -f "$dir/danted.conf" -N 1 -p "$dir/pid"
}
