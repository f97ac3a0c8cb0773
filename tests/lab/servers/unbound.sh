# Unbound: a resolver that knows nothing and says so at once.
packages="unbound"
tier=full
services="dns:5355"
start() {
	cat >"$dir/unbound.conf" <<-END
		server:
		  interface: 0.0.0.0
		  interface: ::0
		  port: $port
		  access-control: 0.0.0.0/0 allow
		  access-control: ::0/0 allow
		  local-zone: "." static
		  chroot: ""
		  username: ""
		  pidfile: "$dir/pid"
		  use-syslog: no
		remote-control:
		  control-enable: no
	END
	exec unbound -d -c "$dir/unbound.conf"
}
