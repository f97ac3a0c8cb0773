# c-icap: content adaptation.
packages="c-icap"
tier=full
services="icap:1344,v4"
start() {
	cat >"$dir/c-icap.conf" <<-END
		Port 0.0.0.0:$port
		PidFile $dir/pid
		CommandsSocket $dir/control
		ServerLog $dir/log
		AccessLog $dir/access
		TmpDir $dir
	END
	mkdir -p /run/c-icap
	exec c-icap -N -f "$dir/c-icap.conf"
}
