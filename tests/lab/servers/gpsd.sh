# gpsd: speaks first, in JSON.
packages="gpsd"
tier=core
services="gpsd:2947,greets"
start() {
	exec gpsd -N -G -n -S "$port" -F "$dir/control"
}
