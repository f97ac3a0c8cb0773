# HAProxy in front of nothing: answers 503.
packages="haproxy"
tier=core
services="http:8082"
start() {
	cat >"$dir/haproxy.cfg" <<-END
		defaults
		 mode http
		 timeout client 10s
		 timeout connect 2s
		 timeout server 5s
		frontend lab
		 bind :::$port v4v6
	END
	exec haproxy -f "$dir/haproxy.cfg" -db
}
