# Tomcat: http and ajp.
packages="tomcat10 openjdk-17-jre-headless"
tier=full
services="http:8083 ajp:8009"
patience=120
start() {
	mkdir -p "$dir/conf" "$dir/logs" "$dir/temp" "$dir/webapps/ROOT" "$dir/work"
	cat >"$dir/conf/server.xml" <<-END
		<Server port="-1"><Service name="Catalina">
		<Connector port="$port" protocol="HTTP/1.1"/>
		<Connector port="$port2" protocol="AJP/1.3" address="::" secretRequired="false"/>
		<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>
		</Service></Server>
	END
	cp /etc/tomcat10/web.xml "$dir/conf/"
	export CATALINA_BASE=$dir CATALINA_HOME=/usr/share/tomcat10 CATALINA_OPTS=-Xmx96m
	JAVA_HOME=$(java_home)
	export JAVA_HOME
	exec /usr/share/tomcat10/bin/catalina.sh run
}
