# CVS' pserver, inside inetd.
packages="openbsd-inetd cvs"
tier=full
services="cvspserver:2401"
start() {
	mkdir -p "$dir/repository"
	cvs -d "$dir/repository" init
	exec_inetd "cvspserver:$port root /usr/bin/cvs cvs -f --allow-root=$dir/repository pserver"
}
