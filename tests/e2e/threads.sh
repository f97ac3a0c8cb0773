#!/bin/sh
# Runs test_threads.py and test_allocations.py in `make check`: needs root (namespaces with their own devices) and the tools of
# tests/packages.txt; says so and skips (77) where they are missing.
here=$(dirname "$0")
. "$here/needs.sh"
needs "ip sysctl ethtool tcpdump prlimit cc" "pytest scapy.all"
BUILDDIR=$(pwd) PYTHONDONTWRITEBYTECODE=1 \
	exec timeout 500 /usr/bin/python3 -m pytest -q -rfEs -p no:cacheprovider "$here/test_threads.py" \
	"$here/test_allocations.py"
