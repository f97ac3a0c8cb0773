# PHP's built-in web server, which drops a request that more bytes follow.
packages="php-cli"
tier=full
services="http:8008"
start() {
	echo lab >"$dir/index.html"
	exec php -S "[::]:$port" -t "$dir"
}
