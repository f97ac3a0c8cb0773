# distcc's daemon: says nothing to what is not a job.
packages="distcc"
tier=full
services="distcc:3632,v4"
start() {
	exec distccd --no-detach --daemon --user nobody --allow 0.0.0.0/0 --allow ::/0 -p "$port" \
		--log-stderr
}
