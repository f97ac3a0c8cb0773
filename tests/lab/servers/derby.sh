# Apache Derby's network server: DRDA.
packages="derby-tools openjdk-17-jre-headless"
tier=full
services="drda:1527"
patience=90
start() {
	local jars=/usr/share/java
	exec_java -cp "$jars/derbynet.jar:$jars/derby.jar:$jars/derbyshared.jar:$jars/derbytools.jar" \
		"-Dderby.system.home=$dir" org.apache.derby.drda.NetworkServerControl start \
		-h :: -p "$port" -noSecurityManager
}
