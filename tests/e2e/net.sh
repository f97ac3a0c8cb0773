#!/bin/sh
# Runs the tests of src/net and of the transmit back ends in `make check`: needs root (namespaces with
# their own devices) and the Python packages of tests/packages.txt; skips (77) and says so without.
here=$(dirname "$0")
. "$here/needs.sh"
needs "ip nft setpriv sysctl" "pytest scapy.all"
BUILDDIR=$(pwd) PYTHONDONTWRITEBYTECODE=1 \
	exec timeout 300 /usr/bin/python3 -m pytest -q -rfEs -p no:cacheprovider \
	"$here/test_net.py" "$here/test_privileges.py" "$here/test_tx.py" "$here/test_check.py"
