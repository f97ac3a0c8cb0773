# A network block device.
packages="nbd-server"
tier=full
services="nbd:10809,greets"
start() {
	truncate -s 1M "$dir/disk"
	printf '[generic]\nport = %s\nuser = root\ngroup = root\n[disk]\nexportname = %s/disk\n' \
		"$port" "$dir" >"$dir/nbd.conf"
	nbd-server -C "$dir/nbd.conf" # goes to the background; its foreground mode serves one client only
	exec sleep infinity
}
