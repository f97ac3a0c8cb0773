# xrdp: remote desktop.
packages="xrdp"
tier=core
services="rdp:3389"
start() {
	sed -e "s|^port=.*|port=tcp6://:$port|" -e "s|^certificate=.*|certificate=$keys/cert.pem|" \
		-e "s|^key_file=.*|key_file=$keys/key.pem|" -e "s|^LogFile=.*|LogFile=$dir/log|" \
		/etc/xrdp/xrdp.ini >"$dir/xrdp.ini"
	exec_own /run/xrdp -- xrdp --nodaemon --config "$dir/xrdp.ini"
}
