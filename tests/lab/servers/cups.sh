# CUPS: printing over http.
packages="cups-daemon"
tier=full
services="http/ipp:631"
start() {
	mkdir -p "$dir/root" "$dir/cache" "$dir/state" "$dir/spool"
	cat >"$dir/files.conf" <<-END
		SystemGroup root
		ErrorLog stderr
		AccessLog $dir/access
		PageLog $dir/page
		RequestRoot $dir/spool
		CacheDir $dir/cache
		StateDir $dir/state
		ServerRoot $dir/root
	END
	cat >"$dir/cupsd.conf" <<-END
		LogLevel warn
		Listen 0.0.0.0:$port
		Listen [::]:$port
		ServerAlias *
		<Location />
		Order allow,deny
		Allow all
		</Location>
	END
	exec cupsd -f -c "$dir/cupsd.conf" -s "$dir/files.conf"
}
