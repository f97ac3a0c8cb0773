# OpenSSH: speaks first, then waits for our version line.
packages="openssh-server"
tier=core
services="ssh:22,greets"
start() {
	mkdir -p /run/sshd
	ssh-keygen -q -t rsa -N "" -f "$dir/rsa"
	ssh-keygen -q -t ed25519 -N "" -f "$dir/ed25519"
	cat >"$dir/sshd.conf" <<-END
		Port $port
		HostKey $dir/rsa
		HostKey $dir/ed25519
		PidFile none
		UsePAM no
		MaxStartups 1000
	END
	exec /usr/sbin/sshd -D -e -f "$dir/sshd.conf"
}
