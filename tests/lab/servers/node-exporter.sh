# A Prometheus exporter.
packages="prometheus-node-exporter"
tier=full
services="http:9101"
start() {
	exec prometheus-node-exporter --web.listen-address=":$port" --collector.disable-defaults \
		--collector.time
}
