#!/bin/sh
# Runs the tests of src/net and of the transmit back ends in `make check`: needs root (namespaces with
# their own devices) and the Python packages of tests/packages.txt; skips (77) and says so without.
here=$(dirname "$0")
skip() {
	echo "SKIP: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root: sudo make check"
unshare -n true 2>/dev/null || skip "network namespaces cannot be made here"
for tool in ip nft setpriv sysctl; do
	command -v "$tool" >/dev/null || skip "$tool is missing: see tests/packages.txt"
done
/usr/bin/python3 -c 'import pytest, scapy.all' 2>/dev/null ||
	skip "python3-pytest or python3-scapy is missing: see tests/packages.txt"
BUILDDIR=$(pwd) PYTHONDONTWRITEBYTECODE=1 \
	exec timeout 300 /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider \
	"$here/test_net.py" "$here/test_privileges.py" "$here/test_tx.py" "$here/test_check.py"
