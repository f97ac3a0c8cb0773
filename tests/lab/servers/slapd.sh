# OpenLDAP: ldap, and ldap inside TLS. No database: the root entry is enough to answer.
packages="slapd"
tier=core
services="ldap:389 tls/ldap:636"
start() {
	cat >"$dir/slapd.conf" <<-END
		include /etc/ldap/schema/core.schema
		pidfile $dir/pid
		argsfile $dir/args
		TLSCertificateFile $keys/cert.pem
		TLSCertificateKeyFile $keys/key.pem
	END
	exec slapd -d 0 -f "$dir/slapd.conf" -h "ldap://:$port/ ldaps://:$port2/"
}
