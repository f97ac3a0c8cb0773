# lighttpd.
packages="lighttpd"
tier=core
services="http:8081"
start() {
	cat >"$dir/lighttpd.conf" <<-END
		server.document-root = "$dir"
		server.port = $port
		server.bind = "[::]"
		server.v4mapped = "enable"
	END
	exec lighttpd -D -f "$dir/lighttpd.conf"
}
