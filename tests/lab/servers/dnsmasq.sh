# dnsmasq: a name server that knows one name.
packages="dnsmasq-base"
tier=core
services="dns:5353"
start() {
	exec dnsmasq -k -p "$port" --conf-file=/dev/null --no-resolv --no-hosts --user=root \
		--pid-file="$dir/pid" --address=/lab.test/"$addr4"
}
