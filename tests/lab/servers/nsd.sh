# NSD: an authoritative name server without zones, on the lab's own addresses.
packages="nsd"
tier=full
services="dns:53"
start() {
	cat >"$dir/nsd.conf" <<-END
		server:
		  server-count: 1
		  ip-address: $addr4
		  ip-address: $addr6
		  port: $port
		  username: ""
		  pidfile: "$dir/pid"
		  xfrdfile: "$dir/xfrd"
		  zonelistfile: "$dir/zones"
		  xfrdir: "$dir"
		  zonesdir: "$dir"
		  database: ""
		remote-control:
		  control-enable: no
	END
	exec nsd -d -c "$dir/nsd.conf"
}
