# Varnish without a backend: answers 503.
packages="varnish"
tier=full
services="http:6081"
start() {
	exec varnishd -F -a ":$port" -b none -n "$dir/work" -s malloc,16m -j none -T none
}
