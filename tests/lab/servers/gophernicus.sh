# Gophernicus: gopher, inside inetd.
packages="openbsd-inetd gophernicus"
tier=full
services="gopher:70"
start() {
	mkdir "$dir/root"
	echo lab >"$dir/root/lab.txt"
	chmod -R a+rX "$dir"
	exec_inetd "gopher-lab:$port nobody /usr/sbin/gophernicus gophernicus -nu -h lab.test -p $port -r $dir/root"
}
