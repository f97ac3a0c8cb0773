# oidentd.
packages="oidentd"
tier=core
services="ident:113"
start() {
	exec oidentd -i -p "$port" -u nobody -g nogroup -C /dev/null
}
