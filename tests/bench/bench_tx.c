/* bench_tx: frames a second through a transmit back end, and through the barest loop that the same
 * kernel interface allows (one constant frame, nothing else), so that the ratio of the two is our own
 * cost. Prints one JSON object. tests/bench/tx makes the namespaces and repeats it.
 * Usage: bench_tx packet|xdp|bare-packet|bare-xdp IFACE SECONDS */
#include "autoconfig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <net/if.h>
#ifdef HAVE_XDP
#include <xdp/xsk.h>
#endif

#include "base/clock.h"
#include "tx/backend.h"

enum { BATCH = 64, FRAME_LEN = 74 };

/* Ethernet, IPv4, TCP with 20 bytes of options: the size of the default SYN. The far end drops it
 * before it looks. */
static const uint8_t frame[FRAME_LEN] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 60,
    0, 0, 0x40, 0, 64, 6, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2, 0x4e, 0x20, 0, 80};

/* Runs until deadline_ns and returns the frames sent, or a negative errno. */
static int64_t run_backend(enum tx_backend_kind kind, const char *dev, int64_t deadline_ns)
{
	struct tx_config config = {.interface = dev, .ifindex = if_nametoindex(dev)};
	struct tx_backend *backend;
	struct diag diag;
	int err = tx_open(kind, &config, &diag, &backend);
	if (err) {
		fprintf(stderr, "bench_tx: %s\n", diag.text);
		return err;
	}
	while (clock_mono_ns() < deadline_ns) {
		struct tx_frame frames[BATCH];
		size_t n = tx_reserve(backend, frames, BATCH);
		for (size_t i = 0; i < n; i++) {
			memcpy(frames[i].bytes, frame, FRAME_LEN);
			frames[i].len = FRAME_LEN;
		}
		tx_commit(backend, frames, n);
		err = tx_flush(backend);
		if (err && err != -EAGAIN)
			return err;
	}
	int64_t n = (int64_t)backend->stats.n_sent;
	tx_close(backend);
	return n;
}

static int64_t run_bare_packet(const char *dev, int64_t deadline_ns)
{
	static uint8_t copy[FRAME_LEN];
	static struct mmsghdr msgs[BATCH];
	struct iovec iov = {.iov_base = copy, .iov_len = FRAME_LEN};
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(dev)};
	int64_t n = 0;
	int on = 1;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		return -errno;
	memcpy(copy, frame, FRAME_LEN);
	for (int i = 0; i < BATCH; i++)
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	while (clock_mono_ns() < deadline_ns) {
		int sent = sendmmsg(fd, msgs, BATCH, 0);
		if (sent > 0)
			n += sent;
	}
	close(fd);
	return n;
}

#ifdef HAVE_XDP
static int64_t run_bare_xdp(const char *dev, int64_t deadline_ns)
{
	enum { RING = 2048, CHUNK = 2048 };
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons comp;
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	const struct xsk_umem_config umem_config = {
	    .fill_size = 64, .comp_size = RING, .frame_size = CHUNK};
	const struct xsk_socket_config config = {.tx_size = RING,
	    .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	    .bind_flags = XDP_USE_NEED_WAKEUP};
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	uint8_t *area = mmap(NULL, (size_t)RING * CHUNK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int err = xsk_umem__create(&umem, area, (uint64_t)RING * CHUNK, &fill, &comp, &umem_config);
	/* The socket of the run before gives its queue back a moment after its end. */
	for (int tries = 0; !err && tries < 50; tries++) {
		int rc = xsk_socket__create(&xsk, dev, 0, umem, NULL, &tx, &config);
		if (rc == 0)
			break;
		clock_sleep_ns(10 * NS_PER_MS);
		err = rc == -EBUSY && tries < 49 ? 0 : rc;
	}
	if (err)
		return err;
	memcpy(area, frame, FRAME_LEN);
	int64_t n = 0;
	uint32_t in_flight = 0;
	while (clock_mono_ns() < deadline_ns) {
		uint32_t at;
		if (in_flight + BATCH <= RING && xsk_ring_prod__reserve(&tx, BATCH, &at) == BATCH) {
			for (uint32_t i = 0; i < BATCH; i++)
				*xsk_ring_prod__tx_desc(&tx, at + i) =
				    (struct xdp_desc){.addr = 0, .len = FRAME_LEN};
			xsk_ring_prod__submit(&tx, BATCH);
			in_flight += BATCH;
		}
		(void)sendto(xsk_socket__fd(xsk), NULL, 0, MSG_DONTWAIT, NULL, 0);
		uint32_t done = xsk_ring_cons__peek(&comp, RING, &at);
		xsk_ring_cons__release(&comp, done);
		in_flight -= done;
		n += done;
	}
	return n;
}
#else
static int64_t run_bare_xdp(const char *dev, int64_t deadline_ns)
{
	(void)dev;
	(void)deadline_ns;
	return -EOPNOTSUPP;
}
#endif

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: bench_tx packet|xdp|bare-packet|bare-xdp IFACE SECONDS\n", stderr);
		return 2;
	}
	const char *method = argv[1], *dev = argv[2];
	int64_t start_ns = clock_mono_ns();
	int64_t deadline_ns = start_ns + (int64_t)(strtod(argv[3], NULL) * (double)NS_PER_SEC);
	int64_t n = -EINVAL;
	if (strcmp(method, "packet") == 0)
		n = run_backend(TX_BACKEND_PACKET, dev, deadline_ns);
	else if (strcmp(method, "xdp") == 0)
		n = run_backend(TX_BACKEND_XDP, dev, deadline_ns);
	else if (strcmp(method, "bare-packet") == 0)
		n = run_bare_packet(dev, deadline_ns);
	else if (strcmp(method, "bare-xdp") == 0)
		n = run_bare_xdp(dev, deadline_ns);
	double seconds = (double)(clock_mono_ns() - start_ns) / (double)NS_PER_SEC;
	if (n < 0) {
		fprintf(stderr, "bench_tx: %s: %s\n", method, strerror((int)-n));
		return 1;
	}
	printf("{\"method\": \"%s\", \"frames\": %lld, \"seconds\": %.3f, \"kpps\": %.1f}\n",
	    method, (long long)n, seconds, (double)n / seconds / 1000);
	return 0;
}
