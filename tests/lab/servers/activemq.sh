# ActiveMQ: openwire, which speaks only to those who keep silent first, and stomp.
packages="activemq openjdk-17-jre-headless"
tier=full
services="openwire:61616,greets stomp:61613"
patience=150
start() {
	mkdir -p "$dir/conf" "$dir/data"
	cat >"$dir/conf/activemq.xml" <<-END
		<beans xmlns="http://www.springframework.org/schema/beans"
		 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
		 xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
		<broker xmlns="http://activemq.apache.org/schema/core" brokerName="lab" persistent="false"
		 useJmx="false" dataDirectory="$dir/data"><transportConnectors>
		<transportConnector name="openwire" uri="tcp://[::]:$port"/>
		<transportConnector name="stomp" uri="stomp://[::]:$port2"/>
		</transportConnectors></broker></beans>
	END
	exec_java -Dactivemq.home=/usr/share/activemq -Dactivemq.base="$dir" -Dactivemq.conf="$dir/conf" \
		-Dactivemq.data="$dir/data" -jar /usr/share/activemq/bin/activemq.jar start \
		"xbean:file:$dir/conf/activemq.xml"
}
