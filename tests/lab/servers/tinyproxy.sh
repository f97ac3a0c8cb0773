# Tinyproxy.
packages="tinyproxy"
tier=core
services="http:8888"
start() {
	printf 'Port %s\nListen 0.0.0.0\nListen ::\nTimeout 60\nMaxClients 20\nPidFile "%s/pid"\n' \
		"$port" "$dir" >"$dir/tinyproxy.conf"
	exec tinyproxy -d -c "$dir/tinyproxy.conf"
}
