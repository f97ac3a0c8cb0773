# Music Player Daemon.
packages="mpd"
tier=core
services="mpd:6600,greets"
start() {
	cat >"$dir/mpd.conf" <<-END
		music_directory "$dir"
		bind_to_address "any"
		port "$port"
		log_file "/dev/stderr"
		audio_output {
			type "null"
			name "lab"
		}
	END
	exec mpd --no-daemon "$dir/mpd.conf"
}
