# Icecast, streaming over http.
packages="icecast2"
tier=full
services="http:8000"
start() {
	cat >"$dir/icecast.xml" <<-END
		<icecast><hostname>lab.test</hostname>
		<authentication><source-password>lab</source-password><admin-password>lab</admin-password></authentication>
		<listen-socket><port>$port</port><bind-address>::</bind-address></listen-socket>
		<paths><logdir>$dir</logdir><webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
		<security><changeowner><user>icecast2</user><group>icecast</group></changeowner></security>
		</icecast>
	END
	exec icecast2 -c "$dir/icecast.xml"
}
