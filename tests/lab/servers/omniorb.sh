# omniORB's naming service: GIOP.
packages="omniorb-nameserver"
tier=full
services="giop:2809"
start() {
	exec omniNames -start "$port" -logdir "$dir" -ORBendPoint "giop:tcp:[::]:$port"
}
