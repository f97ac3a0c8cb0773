# Postfix: smtp, submission, and smtp inside TLS.
packages="postfix"
tier=core
services="smtp:25,greets smtp:587,greets tls/smtp:465"
start() {
	mkdir -p "$dir/etc" "$dir/queue" "$dir/data"
	chown postfix "$dir/data"
	cat >"$dir/etc/main.cf" <<-END
		compatibility_level = 3.6
		queue_directory = $dir/queue
		data_directory = $dir/data
		inet_interfaces = all
		inet_protocols = all
		myhostname = mx.lab.test
		mydestination = localhost
		alias_maps =
		alias_database =
		smtpd_tls_cert_file = $keys/cert.pem
		smtpd_tls_key_file = $keys/key.pem
		smtpd_tls_security_level = may
		smtpd_client_connection_count_limit = 0
		smtpd_peername_lookup = no
		maillog_file = /dev/stdout
	END
	cat >"$dir/etc/master.cf" <<-END
		$port inet n - n - - smtpd
		$port2 inet n - n - - smtpd
		$port3 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
		postlog unix-dgram n - n - 1 postlogd
		pickup unix n - n 60 1 pickup
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		proxymap unix - - n - - proxymap
		anvil unix - - n - 1 anvil
		scache unix - - n - 1 scache
	END
	exec /usr/sbin/postfix -c "$dir/etc" start-fg
}
