# Zabbix's agent.
packages="zabbix-agent"
tier=full
services="zabbix:10050"
start() {
	cat >"$dir/agent.conf" <<-END
		LogType=console
		PidFile=$dir/pid
		Server=0.0.0.0/0,::/0
		ListenPort=$port
		AllowRoot=1
		Hostname=lab
	END
	exec zabbix_agentd -f -c "$dir/agent.conf"
}
