# A registry of container images, over http.
packages="docker-registry"
tier=full
services="http:5000"
start() {
	cat >"$dir/config.yml" <<-END
		version: 0.1
		log:
		  level: warn
		storage:
		  filesystem:
		    rootdirectory: $dir/images
		http:
		  addr: :$port
	END
	exec docker-registry serve "$dir/config.yml"
}
