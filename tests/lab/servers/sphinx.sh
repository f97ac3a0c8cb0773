# Sphinx: its own protocol, and that of MySQL.
packages="sphinxsearch"
tier=full
services="sphinx:9312,v4 mysql:9306,greets,v4"
start() {
	cat >"$dir/sphinx.conf" <<-END
		index lab {
			type = rt
			path = $dir/lab
			rt_field = text
			rt_attr_uint = number
		}
		searchd {
			listen = $port
			listen = $port2:mysql41
			log = $dir/log
			pid_file = $dir/pid
			binlog_path =
		}
	END
	exec searchd --nodetach --config "$dir/sphinx.conf"
}
