# stunnel: TLS around an echo.
packages="stunnel4"
tier=core
services="tls:9943"
start() {
	cat >"$dir/stunnel.conf" <<-END
		foreground = yes
		pid =
		[lab]
		accept = :::$port
		exec = /bin/cat
		cert = $keys/both.pem
	END
	exec stunnel4 "$dir/stunnel.conf"
}
