# Ganglia's monitoring daemon.
packages="ganglia-monitor"
tier=full
services="ganglia:8649,greets"
start() {
	cat >"$dir/gmond.conf" <<-END
		globals {
		  daemonize = no
		  setuid = no
		}
		udp_send_channel {
		  host = 127.0.0.1
		  port = $port
		}
		udp_recv_channel {
		  port = $port
		}
		tcp_accept_channel {
		  port = $port
		}
		tcp_accept_channel {
		  port = $port
		  family = inet6
		  bind = $addr6
		}
	END
	exec gmond -c "$dir/gmond.conf"
}
