# pyftpdlib: ftp whose greeting does not say so.
packages="python3-pyftpdlib"
tier=full
services="ftp:2121,greets"
start() {
	exec /usr/bin/python3 -m pyftpdlib -i :: -p "$port" -d "$dir"
}
