# Prometheus.
packages="prometheus"
tier=full
services="http:9090"
start() {
	echo 'global: {}' >"$dir/prometheus.yml"
	exec prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" \
		--web.listen-address=":$port"
}
