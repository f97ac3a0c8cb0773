# x11vnc shows the screen of an X server of its own. It speaks only to those who keep silent first.
packages="x11vnc xvfb"
tier=core
services="vnc:5900,greets"
start() {
	local display
	Xvfb -displayfd 3 -screen 0 320x200x8 -nolisten tcp -ac 3>"$dir/display" &
	await "X server" test -s "$dir/display"
	read -r display <"$dir/display"
	exec x11vnc -display ":$display" -forever -shared -rfbport "$port" -6 -rfbportv6 "$port" \
		-nopw -noxdamage -noshm -quiet
}
