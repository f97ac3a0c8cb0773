# TigerVNC: vnc and the X protocol in one process; the display number decides the second port.
packages="tigervnc-standalone-server"
tier=core
services="vnc:5901,greets x11:6001"
start() {
	exec Xtigervnc ":$((port2 - 6000))" -rfbport "$port" -SecurityTypes None -listen tcp \
		-nolisten unix -nolisten local -noreset -geometry 320x200
}
