# Apache.
packages="apache2-bin"
tier=core
services="http:8008"
start() {
	cat >"$dir/apache.conf" <<-END
		ServerRoot $dir
		ServerName lab.test
		PidFile $dir/pid
		DefaultRuntimeDir $dir
		Listen $port
		LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
		LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
		User www-data
		Group www-data
		ErrorLog /dev/stderr
		DocumentRoot $dir
	END
	exec apache2 -DFOREGROUND -f "$dir/apache.conf"
}
