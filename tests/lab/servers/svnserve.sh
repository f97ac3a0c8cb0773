# Subversion's own server.
packages="subversion"
tier=core
services="svn:3690,greets"
start() {
	exec svnserve -d --foreground -r "$dir" --listen-host :: --listen-port "$port"
}
