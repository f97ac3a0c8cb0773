# PoPToP, the control channel of a point-to-point tunnel. Its port is built in.
packages="pptpd"
tier=full
services="pptp:1723,v4"
moves=no
start() {
	echo 'name pptpd' >"$dir/options"
	printf 'option %s/options\nlocalip 10.78.0.1\nremoteip 10.78.0.10-20\n' "$dir" >"$dir/pptpd.conf"
	exec pptpd -f -c "$dir/pptpd.conf" -p "$dir/pid"
}
