# microsocks: SOCKS version 5 alone.
packages="microsocks"
tier=full
services="socks:1081"
start() {
	exec microsocks -i :: -p "$port"
}
