# ClamAV's daemon with a virus list of one line.
packages="clamav-daemon"
tier=full
services="clamd:3310"
start() {
	echo 'd41d8cd98f00b204e9800998ecf8427e:1:lab' >"$dir/lab.hdb"
	cat >"$dir/clamd.conf" <<-END
		TCPSocket $port
		TCPAddr 0.0.0.0
		TCPAddr ::
		Foreground yes
		DatabaseDirectory $dir
		User root
	END
	exec clamd -c "$dir/clamd.conf"
}
