# munin-node: speaks first.
packages="munin-node"
tier=core
services="munin:4949,greets"
start() {
	mkdir -p /run/munin /var/lib/munin-node/plugin-state
	cat >"$dir/munin-node.conf" <<-END
		log_file $dir/log
		pid_file $dir/pid
		background 0
		setsid 0
		user root
		group root
		host_name lab.test
		cidr_allow 0.0.0.0/0
		cidr_allow ::/0
		host *
		port $port
	END
	exec munin-node --config "$dir/munin-node.conf"
}
