# ngIRCd.
packages="ngircd"
tier=core
services="irc:6667"
start() {
	cat >"$dir/ngircd.conf" <<-END
		[Global]
		Name = irc.lab.test
		AdminInfo1 = lab
		Info = lab
		Listen = 0.0.0.0,::
		Ports = $port
		[Options]
		DNS = no
		Ident = no
		PAM = no
	END
	as irc exec ngircd -n -f "$dir/ngircd.conf"
}
