# nginx: http, and http over TLS.
packages="nginx-light"
tier=core
services="http:80 tls/http:443"
start() {
	cat >"$dir/nginx.conf" <<-END
		daemon off;
		user www-data;
		pid $dir/pid;
		error_log stderr;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			server { listen $port; listen [::]:$port; return 200 "lab\n"; }
			server {
				listen $port2 ssl; listen [::]:$port2 ssl;
				ssl_certificate $keys/cert.pem;
				ssl_certificate_key $keys/key.pem;
				return 200 "lab\n";
			}
		}
	END
	exec nginx -c "$dir/nginx.conf"
}
