# Redis Sentinel: speaks Redis's protocol.
packages="redis-sentinel"
tier=core
services="redis:26379"
start() {
	cat >"$dir/sentinel.conf" <<-END
		port $port
		bind * -::*
		protected-mode no
		dir $dir
	END
	exec redis-sentinel "$dir/sentinel.conf"
}
