# BIND: a name server with one zone, on the lab's own addresses.
packages="bind9"
tier=core
services="dns:53"
start() {
	cat >"$dir/zone" <<-END
		\$TTL 60
		@ IN SOA ns.lab.test. root.lab.test. 1 60 60 60 60
		@ IN NS ns
		ns IN A $addr4
	END
	cat >"$dir/named.conf" <<-END
		options {
			directory "$dir";
			listen-on port $port { $addr4; };
			listen-on-v6 port $port { $addr6; };
			recursion no;
			pid-file none;
			session-keyfile none;
			dnssec-validation no;
		};
		controls { };
		zone "lab.test" { type primary; file "$dir/zone"; };
	END
	exec named -f -n 1 -u root -c "$dir/named.conf"
}
