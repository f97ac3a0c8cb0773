# InspIRCd: silent until it is asked.
packages="inspircd"
tier=core
services="irc:6668"
start() {
	cat >"$dir/inspircd.conf" <<-END
		<config format="xml">
		<server name="irc2.lab.test" description="lab" network="lab" id="97K">
		<admin name="lab" nick="lab" email="lab@lab.test">
		<bind address="*" port="$port" type="clients">
		<connect allow="*" timeout="60" resolvehostnames="no">
		<pid file="$dir/pid">
		<log method="file" type="*" level="default" target="$dir/log">
	END
	exec inspircd --runasroot --nofork --config "$dir/inspircd.conf"
}
