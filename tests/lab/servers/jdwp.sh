# Java's debugging port, on a program that sleeps.
packages="openjdk-17-jdk-headless"
tier=full
services="jdwp:9990,v4"
patience=120
start() {
	echo 'class Lab { public static void main(String[] a) throws Exception {' \
		'Thread.sleep(Long.MAX_VALUE); } }' >"$dir/Lab.java"
	"$(java_home)/bin/javac" -d "$dir" "$dir/Lab.java"
	exec_java "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:$port" -cp "$dir" Lab
}
