/* rxtool: captures that share an interface, for tests/e2e/test_threads.py. Prints "ready", then one JSON
 * object: for each capture, the remote addresses of its packets. Not installed.
 * Usage: rxtool IFACE N_CAPTURES N_PACKETS */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rx/capture.h"
#include "rx/fanout.h"

enum { CAPTURES_MAX = 16, SEEN_MAX = 20000 };

struct seen {
	size_t n;
	struct ipaddr addrs[SEEN_MAX];
};

static void on_packet(void *ctx, const uint8_t *bytes, size_t len, int64_t wall_ns)
{
	struct seen *seen = ctx;
	struct packet packet;
	(void)wall_ns;
	wire_decode(LINK_ETHERNET, bytes, len, &packet);
	if (seen->n == SEEN_MAX)
		return;
	if (packet.kind == PACKET_TCP)
		seen->addrs[seen->n++] = packet.segment.flow.raddr;
	else if (packet.kind == PACKET_ICMP_ERROR)
		seen->addrs[seen->n++] = packet.icmp.flow.raddr;
}

static int fail(const struct diag *diag)
{
	fprintf(stderr, "rxtool: %s\n", diag->text);
	return 1;
}

static void print(const struct seen *seen)
{
	char text[IPADDR_STRLEN];
	printf("[");
	for (size_t k = 0; k < seen->n; k++) {
		ipaddr_format(&seen->addrs[k], text);
		printf("%s\"%s\"", k ? ", " : "", text);
	}
	printf("]");
}

int main(int argc, char **argv)
{
	static struct seen seen[CAPTURES_MAX];
	struct capture *captures[CAPTURES_MAX];
	int fds[CAPTURES_MAX];
	struct diag diag = {{0}};
	if (argc != 4)
		return 2;
	size_t n = strtoul(argv[2], NULL, 10), wanted = strtoul(argv[3], NULL, 10), total = 0;
	if (n < 1 || n > CAPTURES_MAX)
		return 2;
	const struct capture_config config = {
	    .interface = argv[1], .filter = "", .buffer_bytes = 8 << 20, .timeout_ms = 2};
	for (size_t i = 0; i < n; i++) {
		if (capture_open(&config, &diag, &captures[i]))
			return fail(&diag);
		fds[i] = capture_get_fd(captures[i]);
	}
	const struct fanout_config fanout = {.key = {1, 0x9e3779b1, 0x85ebca6b}, .v6_len = 64};
	if (fanout_join(fds, n, &fanout, &diag))
		return fail(&diag);
	puts("ready");
	fflush(stdout);
	int64_t deadline_ns = clock_mono_ns() + 20 * NS_PER_SEC;
	while (total < wanted && clock_mono_ns() < deadline_ns) {
		total = 0;
		for (size_t i = 0; i < n; i++) {
			if (capture_read(captures[i], 1000, on_packet, &seen[i], &diag) < 0)
				return fail(&diag);
			total += seen[i].n;
		}
		clock_sleep_ns(NS_PER_MS);
	}
	printf("[");
	for (size_t i = 0; i < n; i++) {
		printf("%s", i ? ", " : "");
		print(&seen[i]);
		capture_close(captures[i]);
	}
	printf("]\n");
	return 0;
}
