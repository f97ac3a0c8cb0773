# Nagios' remote executor: inside TLS without a certificate.
packages="nagios-nrpe-server"
tier=full
services="tls/nrpe:5666"
start() {
	cat >"$dir/nrpe.cfg" <<-END
		server_port=$port
		nrpe_user=nagios
		nrpe_group=nagios
		pid_file=$dir/pid
		log_file=$dir/log
	END
	exec nrpe -c "$dir/nrpe.cfg" -f
}
