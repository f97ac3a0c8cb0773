# ZooKeeper.
packages="zookeeper openjdk-17-jre-headless"
tier=full
services="zookeeper:2181"
patience=120
start() {
	printf 'tickTime=2000\ndataDir=%s\nclientPort=%s\nadmin.enableServer=false\n' "$dir" "$port" \
		>"$dir/zoo.cfg"
	exec_java -cp "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar" \
		org.apache.zookeeper.server.quorum.QuorumPeerMain "$dir/zoo.cfg"
}
