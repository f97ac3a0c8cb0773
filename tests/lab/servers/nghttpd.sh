# nghttpd: HTTP/2 without TLS.
packages="nghttp2-server"
tier=full
services="http2:50051"
start() {
	exec nghttpd --no-tls -d "$dir" "$port"
}
