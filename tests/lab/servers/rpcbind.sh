# The portmapper. Its port is built in.
packages="rpcbind"
tier=core
services="rpc:111"
moves=no
start() {
	mkdir -p /run/rpcbind
	exec rpcbind -f
}
