# An X server; the display number decides the port. With -noreset it does not start over, and hang up on
# others, when its last client leaves.
packages="xvfb"
tier=core
services="x11:6000"
start() {
	exec Xvfb ":$((port - 6000))" -screen 0 320x200x8 -listen tcp -nolisten unix -nolisten local -noreset -ac
}
