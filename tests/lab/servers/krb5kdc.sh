# MIT Kerberos.
packages="krb5-kdc"
tier=full
services="kerberos:88"
start() {
	cat >"$dir/krb5.conf" <<-END
		[libdefaults]
		 default_realm = LAB.TEST
		 dns_lookup_kdc = false
	END
	cat >"$dir/kdc.conf" <<-END
		[kdcdefaults]
		 kdc_listen = $port
		 kdc_tcp_listen = $port
		[realms]
		 LAB.TEST = {
		  database_name = $dir/principals
		  key_stash_file = $dir/stash
		 }
	END
	export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf
	kdb5_util create -s -r LAB.TEST -P "$(cat "$keys/password")"
	exec krb5kdc -n -r LAB.TEST -P "$dir/pid"
}
