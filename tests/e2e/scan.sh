#!/bin/sh
# Runs test_scan.py in `make check`: needs root (namespaces with their own devices) and the tools of
# tests/packages.txt; says so and skips (77) where they are missing.
here=$(dirname "$0")
. "$here/needs.sh"
needs "ip sysctl tcpdump nft zstd setpriv" "pytest scapy.all jsonschema"
BUILDDIR=$(pwd) PYTHONDONTWRITEBYTECODE=1 \
	exec timeout 400 /usr/bin/python3 -m pytest -q -rfEs -p no:cacheprovider "$here/test_scan.py"
