#!/bin/sh
# Runs the examples of the manual and of README.md: every command line in them must be accepted and
# exit 0. Scans are dry runs. In a namespace of its own with one interface that leads nowhere.
set -eu
if [ "${1:-}" != inside ]; then
	unshare=unshare
	[ "$(id -u)" = 0 ] || unshare="unshare -r"
	if ! $unshare -nm true 2>/dev/null; then
		echo "namespaces cannot be made here: run as root, or allow them to users"
		exit 77
	fi
	for tool in ip perl; do
		command -v $tool >/dev/null || {
			echo "$tool is missing: see tests/packages.txt"
			exit 77
		}
	done
	exec timeout 120 $unshare -nm "$0" inside
fi

top=$(cd "${srcdir:-.}" && pwd)
program=$PWD/synspect
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ip link set lo up
ip link add wan0 type veth peer name far0
ip link set far0 address 02:00:00:00:00:fe up
ip link set wan0 address 02:00:00:00:00:01 up
ip addr add 10.9.0.1/24 dev wan0
ip -6 addr add fd09::1/64 dev wan0 nodad
ip route add default via 10.9.0.254
ip -6 route add default via fd09::fe
ip neigh add 10.9.0.254 lladdr 02:00:00:00:00:fe dev wan0
ip -6 neigh add fd09::fe lladdr 02:00:00:00:00:fe dev wan0

# What the examples name: files, the other programs of a pipe, and synspect, which makes a scan a dry
# run unless it is one.
mkdir "$work/bin" "$work/files"
cat >"$work/bin/synspect" <<EOF
#!/bin/sh
echo "synspect \$*" >>"$work/ran"
case \$1 in
targets | check | identify | replay | signatures | report) exec "$program" "\$@" ;;
*) exec "$program" "\$@" --dry-run ;;
esac
EOF
printf '#!/bin/sh\necho 10.1.0.1\n' >"$work/bin/generate"
printf '#!/bin/sh\nexec cat\n' >"$work/bin/jq"
chmod +x "$work"/bin/*
PATH=$work/bin:$PATH
export PATH
cd "$work/files"
printf '10.1.0.1\n10.1.0.2:80\n' >targets.txt
printf '10.1.0.1:80\n10.1.0.2:443\n' | zstd -q >hosts.txt.zst
printf '10.2.0.0/16 # asked\n' >exclude.txt
cp exclude.txt optout.txt
printf 'fd00:1::/64\n' >networks.txt
printf 'ports = 443\nrate = 2k\n' >scan.conf
: >hits.jsonl && zstd -q --rm hits.jsonl
perl "$top/tests/out/make_mmdb.pl" . && mv city.mmdb GeoLite2-City.mmdb
# an empty capture: the header alone (magic, 2.4, snap length 65535, Ethernet)
printf '\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000\377\377\000\000\001\000\000\000' >scan.pcap

# Command lines begin with "# " or "$ " in literal blocks; a backslash at the end joins the next.
examples() {
	awk '/^\.Sh EXAMPLES/ { on = 1; next } /^\.Sh / { on = 0 }
		on && joined { line = line $0 } on && !joined && /^[#$] / { line = substr($0, 3) }
		on && line != "" { joined = sub(/\\$/, "", line); if (!joined) { print line; line = "" } }' "$1"
}

status=0
try() { # where line
	echo "$1: $2"
	if ! sh -c "$2" >output 2>&1 </dev/null; then
		tail -5 output
		status=1
	fi
}

for page in "$top"/man/*.[1-9]; do
	examples "$page" | grep 'synspect\|zstd' >lines || true # "# a comment" in a file is no command
	while read -r line; do
		try "$(basename "$page")" "$line"
	done <lines
done
awk '/^```/ { on = !on; next } on && /^(synspect|zstd) /' "$top/README.md" >lines
while read -r line; do
	try README.md "$line"
done <lines
[ "$(wc -l <"$work/ran")" -ge 10 ] || {
	echo "only $(wc -l <"$work/ran") examples found"
	status=1
}
exit $status
