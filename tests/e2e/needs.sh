# Sourced by the scripts beside it that run end-to-end tests in `make check`. What the machine lacks is
# said, and skips (77).

skip() {
	echo "SKIP: $*"
	exit 77
}

# needs "TOOL..." "MODULE...": root, namespaces with their own devices, these programs, these Python modules.
needs() {
	[ "$(id -u)" = 0 ] || skip "needs root: sudo make check"
	unshare -n true 2>/dev/null || skip "network namespaces cannot be made here"
	for needed in $1; do
		command -v "$needed" >/dev/null || skip "$needed is missing: see tests/packages.txt"
	done
	for needed in $2; do
		/usr/bin/python3 -c "import $needed" 2>/dev/null ||
			skip "Python's $needed is missing: see tests/packages.txt"
	done
}
