# Prosody: xmpp for clients, for servers, and its web side inside TLS.
packages="prosody"
tier=core
services="xmpp:5222 xmpp-s2s:5269 tls/http:5281"
start() {
	cat >"$dir/prosody.cfg.lua" <<-END
		run_as_root = true
		pidfile = "$dir/pid"
		data_path = "$dir"
		log = "*console"
		modules_enabled = { "roster", "saslauth", "tls", "disco", "bosh" }
		interfaces = { "*", "::" }
		c2s_ports = { $port }
		s2s_ports = { $port2 }
		http_ports = { }
		https_ports = { $port3 }
		c2s_require_encryption = false
		s2s_require_encryption = false
		ssl = { certificate = "$keys/cert.pem", key = "$keys/key.pem" }
		https_ssl = { certificate = "$keys/cert.pem", key = "$keys/key.pem" }
		VirtualHost "lab.test"
	END
	exec prosody -F --config "$dir/prosody.cfg.lua"
}
