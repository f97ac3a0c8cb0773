# Pure-FTPd. It excludes vsftpd as a package.
packages="-pure-ftpd libsodium23"
tier=full
services="ftp:2122,greets"
start() {
	exec "$extra/usr/sbin/pure-ftpd" -S "$port" -e -A -g "$dir/pid"
}
