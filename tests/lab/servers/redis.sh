# Redis.
packages="redis-server"
tier=core
services="redis:6379"
start() {
	exec redis-server --port "$port" --bind '*' '-::*' --protected-mode no --save '' --dir "$dir"
}
