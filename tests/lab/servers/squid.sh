# Squid, a proxy.
packages="squid"
tier=core
services="http:3128"
start() {
	cat >"$dir/squid.conf" <<-END
		http_port $port
		http_access allow all
		pid_filename none
		cache_log $dir/log
		access_log none
		cache deny all
		coredump_dir $dir
		visible_hostname proxy.lab.test
		pinger_enable off
	END
	exec squid -N -n "lab$port" -f "$dir/squid.conf"
}
