# ProFTPD. It excludes vsftpd as a package.
packages="-proftpd-core libmemcached11 libmemcachedutil2 libpcre2-posix3 libsodium23"
tier=full
services="ftp:2121,greets"
start() {
	cat >"$dir/proftpd.conf" <<-END
		ServerType standalone
		UseIPv6 on
		Port $port
		User nobody
		Group nogroup
		ScoreboardFile none
		PidFile $dir/pid
		DelayEngine off
		ModulePath $extra/usr/lib/proftpd
		AuthPAM off
		WtmpLog off
		SystemLog none
		UseReverseDNS off
	END
	exec "$extra/usr/sbin/proftpd" -n -c "$dir/proftpd.conf"
}
