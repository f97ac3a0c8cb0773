#!/bin/sh
# The scanner against netsim, for tests/all and by hand: BUILDDIR names the build folder, RESULTS where
# the JUnit file goes, NETSIM_TARGETS how many targets (20000). Skips (77) without root or its tools.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/needs.sh"
needs "ip sysctl ethtool zstd" "pytest"
[ -x "${BUILDDIR:=$(pwd)}/netsim" ] || skip "$BUILDDIR/netsim is not built"
export BUILDDIR
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m pytest -q -rfEsx -s -p no:cacheprovider \
	${RESULTS:+--junitxml="$RESULTS/netsim-scan.xml"} "$here/test_netsim_scan.py" "$here/test_past_limit.py"
