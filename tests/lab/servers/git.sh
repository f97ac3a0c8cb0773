# Git's daemon.
packages="git"
tier=core
services="git:9418"
start() {
	exec /usr/lib/git-core/git-daemon --base-path="$dir" --export-all --reuseaddr --port="$port" \
		"$dir"
}
