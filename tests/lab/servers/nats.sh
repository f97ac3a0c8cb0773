# NATS, a message broker that speaks first.
packages="nats-server"
tier=core
services="nats:4222,greets"
start() {
	exec nats-server -a :: -p "$port"
}
