# PostgreSQL.
packages="postgresql"
tier=core
services="postgres:5432"
start() {
	local bin
	bin=$(echo /usr/lib/postgresql/*/bin)
	as postgres "$bin/initdb" -N -A scram-sha-256 --pwfile="$keys/password" -D "$dir/data"
	as postgres exec "$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" \
		-c listen_addresses='*' -c shared_buffers=16MB -c fsync=off
}
