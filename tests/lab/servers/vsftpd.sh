# vsftpd: ftp.
packages="vsftpd"
tier=core
services="ftp:21,greets"
start() {
	mkdir -p "$dir/empty"
	cat >"$dir/vsftpd.conf" <<-END
		listen=NO
		listen_ipv6=YES
		listen_port=$port
		background=NO
		anonymous_enable=YES
		seccomp_sandbox=NO
		secure_chroot_dir=$dir/empty
	END
	exec vsftpd "$dir/vsftpd.conf"
}
