# Caddy: web server in Go, and its TLS.
packages="caddy"
tier=full
services="http:8880 tls/http:8843"
start() {
	cat >"$dir/Caddyfile" <<-END
		{
			admin off
			auto_https off
			storage file_system $dir
		}
		http://:$port {
			respond "lab"
		}
		https://:$port2 {
			tls $keys/cert.pem $keys/key.pem
			respond "lab"
		}
	END
	exec caddy run --adapter caddyfile --config "$dir/Caddyfile"
}
