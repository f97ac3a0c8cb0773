# Helpers for servers/*.sh. Each runs inside the lab's own mount, process and network namespaces, with
#   $dir     private directory of this instance, writable by every user
#   $port    port to listen on; $port2, $port3 ... follow the order of services=
#   $addr4 $addr6  the server's own addresses, for those that cannot listen on all
#   $keys    directory with key.pem, cert.pem, both.pem (for lab.test) and password
#   $extra   root of the packages that are unpacked rather than installed

# as USER [exec] COMMAND...: runs it as another user, with that user's groups.
as() {
	local user=$1 run=()
	shift
	if [ "$1" = exec ]; then
		run=(exec)
		shift
	fi
	"${run[@]}" setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
		env HOME="$dir" "$@"
}

# await WHAT COMMAND...: waits at most 20 seconds until the command succeeds.
await() {
	local what=$1 left=400
	shift
	until "$@"; do
		left=$((left - 1))
		if [ "$left" -eq 0 ]; then
			echo "$what did not come up" >&2
			return 1
		fi
		sleep 0.05
	done
}

# exec_own PATH... -- COMMAND...: becomes the command, with a PATH of its own that starts empty: for
# servers whose socket or pid file has one fixed place, so that two can run at once.
exec_own() {
	local mounts='' path
	while [ "$1" != -- ]; do
		path=$1
		mkdir -p "$path" "$dir/own$path"
		mounts+="mount --bind '$dir/own$path' '$path' && "
		shift
	done
	shift
	exec unshare --mount bash -c "$mounts"'exec "$@"' own "$@"
}

# exec_inetd "SERVICE:PORT USER-OR-internal [PROGRAM ARGUMENT0...]"...: becomes an inetd for these alone.
exec_inetd() {
	local entry service rest
	: >"$dir/services"
	: >"$dir/inetd.conf"
	for entry in "$@"; do
		service=${entry%% *} rest=${entry#* }
		[ "$rest" != internal ] || rest='root internal'
		echo "${service%:*} ${service#*:}/tcp" >>"$dir/services"
		echo "${service%:*} stream tcp nowait $rest" >>"$dir/inetd.conf"
		echo "${service%:*} stream tcp6 nowait $rest" >>"$dir/inetd.conf"
	done
	exec unshare --mount bash -c \
		'mount --bind "$1/services" /etc/services && exec inetd -i -R 10000 "$1/inetd.conf"' \
		inetd "$dir"
}

# starting, started: between the two an instance does not count as ready, though its ports listen.
starting() {
	: >"$dir/.starting"
}
started() {
	rm "$dir/.starting"
}

# The OpenJDK that the packages of the lab bring, whatever other Java the machine has.
java_home() {
	echo /usr/lib/jvm/java-17-openjdk-*
}

# exec_java ARGUMENT...: becomes a small Java machine.
exec_java() {
	exec "$(java_home)/bin/java" -Xmx96m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "$@"
}

# user NAME UID: makes a user of the lab's own, for packages that are unpacked and not installed.
user() {
	getent passwd "$1" >/dev/null || echo "$1:x:$2:$2::/:/bin/false" >>/etc/passwd
	getent group "$1" >/dev/null || echo "$1:x:$2:" >>/etc/group
}
