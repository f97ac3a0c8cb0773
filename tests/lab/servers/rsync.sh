# rsync's daemon.
packages="rsync"
tier=core
services="rsync:873,greets"
start() {
	printf 'use chroot = no\n[lab]\npath = %s\n' "$dir" >"$dir/rsyncd.conf"
	exec rsync --daemon --no-detach --port="$port" --config="$dir/rsyncd.conf"
}
