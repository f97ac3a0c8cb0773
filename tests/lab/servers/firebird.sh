# Firebird.
packages="firebird3.0-server"
tier=full
services="firebird:3050"
start() {
	export FIREBIRD_LOCK=$dir FIREBIRD_TMP=$dir
	mkdir -p /run/firebird3.0
	exec firebird -p "$port"
}
