# MariaDB: speaks first. Without tables of rights, which keeps its start short.
packages="mariadb-server"
tier=core
services="mysql:3306,greets"
start() {
	mkdir -p "$dir/data"
	exec mariadbd --no-defaults --user=root --datadir="$dir/data" --socket="$dir/socket" \
		--pid-file="$dir/pid" --bind-address='*' --port="$port" --skip-grant-tables \
		--skip-networking=0 --skip-name-resolve --max-connect-errors=1000000 --innodb-log-file-size=4M \
		--innodb-buffer-pool-size=8M --innodb-data-file-path=ibdata1:4M:autoextend \
		--innodb-temp-data-file-path=ibtmp1:4M:autoextend
}
