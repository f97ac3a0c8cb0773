# beanstalkd, a work queue.
packages="beanstalkd"
tier=core
services="beanstalk:11300"
start() {
	exec beanstalkd -l :: -p "$port"
}
