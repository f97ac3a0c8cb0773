# Mosquitto: mqtt, and mqtt inside TLS.
packages="mosquitto"
tier=core
services="mqtt:1883 tls/mqtt:8883"
start() {
	cat >"$dir/mosquitto.conf" <<-END
		user root
		allow_anonymous true
		listener $port
		listener $port2
		certfile $keys/cert.pem
		keyfile $keys/key.pem
	END
	exec mosquitto -c "$dir/mosquitto.conf"
}
