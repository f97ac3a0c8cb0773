# Leafnode: a news server.
packages="openbsd-inetd leafnode"
tier=core
services="nntp:119,greets"
start() {
	exec_inetd "nntp:$port news /usr/sbin/leafnode leafnode"
}
