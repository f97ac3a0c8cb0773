# etcd: a key-value store that speaks http.
packages="etcd-server"
tier=full
services="http:2379"
start() {
	exec etcd --data-dir "$dir/data" --listen-client-urls "http://[::]:$port" \
		--advertise-client-urls "http://$addr4:$port" \
		--listen-peer-urls "http://127.0.0.1:$((port + 1))" \
		--initial-advertise-peer-urls "http://127.0.0.1:$((port + 1))" \
		--initial-cluster "default=http://127.0.0.1:$((port + 1))"
}
