# PgBouncer: speaks PostgreSQL's protocol.
packages="pgbouncer"
tier=full
services="postgres:6432"
start() {
	cat >"$dir/pgbouncer.ini" <<-END
		[databases]
		* = host=127.0.0.1 port=1
		[pgbouncer]
		listen_addr = *
		listen_port = $port
		unix_socket_dir =
		auth_type = any
		pidfile = $dir/pid
	END
	as postgres exec pgbouncer "$dir/pgbouncer.ini"
}
