#!/bin/sh
# Runs the end-to-end tests against real servers (tests/lab). As root; the scanner is $SYNSPECT, else
# ./synspect. tests/all calls it (tests/stages.txt); $RESULTS gets a JUnit file when set. Arguments go
# to pytest. What the machine lacks is said, and skips (77).
here=$(dirname "$0")
skip() {
	echo "SKIP: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root"
unshare -n true 2>/dev/null || skip "network namespaces cannot be made here"
for tool in ip nft openssl ethtool tcpdump zstd setpriv; do
	command -v "$tool" >/dev/null || skip "$tool is missing: tests/install test lab"
done
/usr/bin/python3 -c 'import pytest, scapy.all, jsonschema' 2>/dev/null ||
	skip "python3-pytest, -scapy or -jsonschema is missing: tests/install test lab"
case " $*" in
*.py*) ;;
*) set -- "$here/test_lab.py" "$here/test_endings.py" "$here/test_errors.py" "$@" ;;
esac
[ -z "$RESULTS" ] || set -- --junitxml="$RESULTS/lab.xml" "$@"
PYTHONDONTWRITEBYTECODE=1 exec timeout -k 10 900 /usr/bin/python3 -m pytest -q -rfEs \
	-p no:cacheprovider "$@"
