# Kamailio: sip over TCP, on the lab's own addresses.
packages="kamailio"
tier=core
services="sip:5060"
start() {
	cat >"$dir/kamailio.cfg" <<-END
		log_stderror=yes
		fork=yes
		children=1
		tcp_children=1
		auto_aliases=no
		listen=tcp:$addr4:$port
		listen=tcp:[$addr6]:$port
		mpath="$(echo /usr/lib/*/kamailio/modules)/"
		loadmodule "sl.so"
		request_route { sl_send_reply("200", "OK"); }
	END
	exec kamailio -DD -E -m 16 -M 4 -f "$dir/kamailio.cfg" -P "$dir/pid" -Y "$dir"
}
