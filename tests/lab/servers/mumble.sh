# Mumble's server: its own protocol inside TLS.
packages="mumble-server"
tier=full
services="tls/mumble:64738"
start() {
	cat >"$dir/murmur.ini" <<-END
		database=$dir/murmur.sqlite
		port=$port
		logfile=
		pidfile=$dir/pid
		bonjour=false
		autobanAttempts=0
		sslCert=$keys/cert.pem
		sslKey=$keys/key.pem
	END
	exec murmurd -fg -ini "$dir/murmur.ini"
}
