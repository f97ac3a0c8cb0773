# BitlBee: an irc server that speaks first.
packages="bitlbee"
tier=full
services="irc:6669,greets"
start() {
	exec bitlbee -n -F -v -p "$port" -i :: -d "$dir" -c /dev/null -P "$dir/pid"
}
