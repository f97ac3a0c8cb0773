# Exim: smtp. It excludes Postfix as a package.
packages="-exim4-daemon-light libgnutls-dane0 libidn12"
tier=full
services="smtp:2525,greets"
start() {
	user Debian-exim 64999
	mkdir -p "$dir/spool" "$dir/log"
	chown mail:mail "$dir/spool" "$dir/log"
	cat >"$dir/exim.conf" <<-END
		spool_directory = $dir/spool
		log_file_path = $dir/log/%s
		primary_hostname = exim.lab.test
		daemon_smtp_ports = $port
		local_interfaces = <; 0.0.0.0 ; ::0
		host_lookup =
		rfc1413_query_timeout = 0s
		exim_user = mail
		exim_group = mail
		begin acl
		begin routers
		begin transports
	END
	exec "$extra/usr/sbin/exim4" -C "$dir/exim.conf" -bdf -oP "$dir/pid"
}
