# Network UPS Tools: the daemon for power supplies.
packages="nut-server"
tier=full
services="nut:3493"
start() {
	mkdir -p "$dir/state" "$dir/conf"
	printf '[lab]\ndriver = dummy-ups\nport = lab.dev\n' >"$dir/conf/ups.conf"
	printf 'LISTEN 0.0.0.0 %s\nLISTEN :: %s\nSTATEPATH %s/state\n' "$port" "$port" "$dir" \
		>"$dir/conf/upsd.conf"
	: >"$dir/conf/upsd.users"
	chown -R nut:nut "$dir/state" "$dir/conf"
	export NUT_CONFPATH=$dir/conf NUT_STATEPATH=$dir/state NUT_ALTPIDPATH=$dir/state
	exec /lib/nut/upsd -F
}
