# LCDproc's server, with a display of text.
packages="lcdproc"
tier=full
services="lcdproc:13666,v4"
start() {
	cat >"$dir/LCDd.conf" <<-END
		[server]
		DriverPath=$(dirname "$(ls /usr/lib/*/lcdproc/text.so)")/
		Driver=text
		Bind=0.0.0.0
		Port=$port
		User=nobody
		Foreground=yes
		ReportToSyslog=no
		[text]
		Size=20x4
	END
	exec LCDd -c "$dir/LCDd.conf"
}
