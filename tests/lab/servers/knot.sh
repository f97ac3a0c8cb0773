# Knot DNS: an authoritative name server without zones.
packages="knot"
tier=full
services="dns:53"
start() {
	cat >"$dir/knot.conf" <<-END
		server:
		  listen: [ $addr4@$port, $addr6@$port ]
		  rundir: $dir
		  pidfile: $dir/pid
		  user: root
		database:
		  storage: $dir
	END
	exec knotd -c "$dir/knot.conf"
}
