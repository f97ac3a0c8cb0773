# SpamAssassin's daemon.
packages="spamd"
tier=core
services="spamd:783"
start() {
	exec spamd -i 0.0.0.0 -i :: -A 0.0.0.0/0,::/0 -p "$port" -L -x -m 1 -u nobody -r "$dir/pid" \
		-s stderr
}
