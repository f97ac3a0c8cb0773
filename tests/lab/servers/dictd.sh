# dictd with a dictionary of one word. (On IPv6 it refuses IPv4 clients, and the other way round.)
packages="dictd"
tier=core
services="dict:2628,greets,v4"
start() {
	printf 'lab\n a place to work in\n' >"$dir/lab.dict"
	printf 'lab\tA\tZ\n' >"$dir/lab.index"
	cat >"$dir/dictd.conf" <<-END
		global { port $port
		}
		access { allow * }
		database lab { data "$dir/lab.dict" index "$dir/lab.index" }
	END
	exec dictd -d nodetach -c "$dir/dictd.conf" --pid-file "$dir/pid"
}
