# mini_httpd.
packages="mini-httpd"
tier=full
services="http:8010"
start() {
	mkdir -p "$dir/www"
	echo lab >"$dir/www/index.html"
	exec mini_httpd -D -p "$port" -d "$dir/www" -u nobody -i "$dir/pid"
}
