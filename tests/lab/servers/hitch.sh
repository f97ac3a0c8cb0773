# Hitch: TLS in front of nothing.
packages="hitch"
tier=full
services="tls:9443"
start() {
	exec hitch --frontend="[*]:$port" --backend="[127.0.0.1]:1" --user=nobody --ocsp-dir= "$keys/both.pem"
}
