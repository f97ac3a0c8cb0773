# RabbitMQ: amqp, Erlang's distribution, and the port mapper of Erlang that it brings.
packages="rabbitmq-server"
tier=full
services="amqp:5672 erlang-dist:25672,v4 epmd:4369"
patience=150
start() {
	export ERL_EPMD_PORT=$port3 RABBITMQ_NODE_PORT=$port RABBITMQ_DIST_PORT=$port2
	export RABBITMQ_NODENAME=lab$port@localhost RABBITMQ_PID_FILE=$dir/pid
	export RABBITMQ_MNESIA_BASE=$dir/mnesia RABBITMQ_LOG_BASE=$dir RABBITMQ_LOGS=-
	export RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins RABBITMQ_CONFIG_FILE=$dir/none
	export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none"
	epmd -port "$port3" -daemon
	as rabbitmq exec rabbitmq-server
}
