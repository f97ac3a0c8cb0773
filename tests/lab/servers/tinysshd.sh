# TinySSH, inside inetd.
packages="openbsd-inetd tinysshd"
tier=full
services="ssh:2222,greets"
start() {
	tinysshd-makekey -q "$dir/keys"
	exec_inetd "ssh-lab:$port root /usr/sbin/tinysshd tinysshd $dir/keys"
}
