# BIRD: a BGP speaker that takes every neighbour, and forgets at once what went wrong before.
packages="bird2"
tier=core
services="bgp:179,greets"
start() {
	cat >"$dir/bird.conf" <<-END
		router id 10.1.1.1;
		protocol device { }
		template bgp lab {
			local port $port as 65001;
			multihop;
			passive on;
			strict bind no;
			error wait time 1, 1;
			error forget time 1;
			dynamic name "peer";
		}
		protocol bgp lab4 from lab {
			neighbor range 0.0.0.0/0 as 65002;
			ipv4 { import none; export none; };
		}
		protocol bgp lab6 from lab {
			neighbor range ::/0 as 65002;
			ipv6 { import none; export none; };
		}
	END
	exec bird -f -c "$dir/bird.conf" -s "$dir/control"
}
