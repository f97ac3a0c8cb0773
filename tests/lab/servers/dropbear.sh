# Dropbear: an SSH server that sends its key exchange together with its version line.
packages="dropbear-bin"
tier=core
services="ssh:2222,greets"
start() {
	exec dropbear -F -E -R -p "$port" -P "$dir/pid" -r "$dir/hostkey"
}
