# memcached.
packages="memcached"
tier=core
services="memcached:11211"
start() {
	exec memcached -u nobody -p "$port" -U 0 -m 8
}
