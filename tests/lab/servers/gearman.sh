# Gearman's job server.
packages="gearman-job-server"
tier=full
services="gearman:4730"
start() {
	exec gearmand -p "$port" -l stderr -P "$dir/pid"
}
