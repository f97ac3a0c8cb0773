# Tarantool: its binary protocol.
packages="tarantool"
tier=full
services="tarantool:3301,greets"
start() {
	echo "box.cfg{listen = '[::]:$port', work_dir = '$dir'}" >"$dir/lab.lua"
	exec tarantool "$dir/lab.lua"
}
