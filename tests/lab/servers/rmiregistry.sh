# Java's registry of remote objects.
packages="openjdk-17-jre-headless"
tier=full
services="java-rmi:1099"
patience=120
start() {
	exec "$(java_home)/bin/rmiregistry" -J-Xmx32m "$port"
}
