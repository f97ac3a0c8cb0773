#!/bin/sh
# The scanner against netsim, for tests/all and by hand: BUILDDIR names the build folder, RESULTS where
# the JUnit file goes, NETSIM_TARGETS how many targets (20000). Skips (77) without root or its tools.
here=$(cd "$(dirname "$0")" && pwd)
skip() {
	echo "SKIP: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root"
unshare -n true 2>/dev/null || skip "network namespaces cannot be made here"
for tool in ip sysctl ethtool zstd; do
	command -v "$tool" >/dev/null || skip "$tool is missing: see tests/packages.txt"
done
/usr/bin/python3 -c 'import pytest' 2>/dev/null || skip "python3-pytest is missing: see tests/packages.txt"
[ -x "${BUILDDIR:=$(pwd)}/netsim" ] || skip "$BUILDDIR/netsim is not built"
export BUILDDIR
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m pytest -q -rsx -s -p no:cacheprovider \
	${RESULTS:+--junitxml="$RESULTS/netsim-scan.xml"} "$here/test_netsim_scan.py"
