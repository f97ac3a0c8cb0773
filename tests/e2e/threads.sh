#!/bin/sh
# Runs test_threads.py and test_allocations.py in `make check`: needs root (namespaces with their own devices) and the tools of
# tests/packages.txt; says so and skips (77) where they are missing.
here=$(dirname "$0")
skip() {
	echo "SKIP: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root: sudo make check"
unshare -n true 2>/dev/null || skip "network namespaces cannot be made here"
for tool in ip sysctl ethtool tcpdump prlimit cc; do
	command -v "$tool" >/dev/null || skip "$tool is missing: see tests/packages.txt"
done
/usr/bin/python3 -c 'import pytest, scapy.all' 2>/dev/null ||
	skip "python3-pytest or python3-scapy is missing: see tests/packages.txt"
BUILDDIR=$(pwd) PYTHONDONTWRITEBYTECODE=1 \
	exec timeout 500 /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider "$here/test_threads.py" \
	"$here/test_allocations.py"
