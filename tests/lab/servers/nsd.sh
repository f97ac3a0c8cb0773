# NSD: an authoritative name server without zones.
packages="nsd"
tier=full
services="dns:5301"
start() {
	cat >"$dir/nsd.conf" <<-END
		server:
		  server-count: 1
		  ip-address: 0.0.0.0
		  ip-address: ::0
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
