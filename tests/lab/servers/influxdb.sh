# InfluxDB, over http.
packages="influxdb"
tier=full
services="http:8086"
start() {
	cat >"$dir/influxdb.conf" <<-END
		reporting-disabled = true
		bind-address = "127.0.0.1:$((port + 1))"
		[meta]
		  dir = "$dir/meta"
		[data]
		  dir = "$dir/data"
		  wal-dir = "$dir/wal"
		[http]
		  bind-address = ":$port"
	END
	exec influxd -config "$dir/influxdb.conf"
}
