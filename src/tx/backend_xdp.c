/* backend_xdp: AF_XDP through libxdp, its only user. Owns one socket on one queue and the memory
 * that it shares with the kernel; sender thread. Sends only: no XDP program is loaded, and in copy
 * mode nothing on the interface changes. Refuses to wait: a full ring is the caller's -EAGAIN; and
 * refuses zero copy unless asked, because with it some drivers (virtio_net) receive into our memory.
 * Source: Documentation/networking/af_xdp.rst; net/xdp/xsk.c for what sendto answers. */
#include "autoconfig.h"

#include "tx/backend.h"

#include <errno.h>

#ifdef HAVE_XDP

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <xdp/libxdp.h>
#include <xdp/xsk.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	N_CHUNKS = 2048, /* to send from */
	/* Zero copy only: chunks that the driver receives into, for the host. It keeps them going
	 * round by itself, because we take none. */
	N_RX_CHUNKS = 2048,
	CHUNK_LEN = 2048,
	/* Frames start at different lines of their chunks: 2 KiB apart, all would share the same few
	 * cache sets. CHUNK_LEN - TX_FRAME_MAX is the room for it. */
	COLOUR_LEN = 64,
	N_COLOURS = (CHUNK_LEN - TX_FRAME_MAX) / COLOUR_LEN,
	/* In copy mode the kernel sends this many frames a call unless told otherwise (6.18 can be). */
	CALL_FRAMES = 32,
	CALL_FRAMES_WANTED = 256,
	SNDBUF_BYTES = 4 << 20,
};

#define BUSY_TIMEOUT_NS (500 * NS_PER_MS)

#ifndef XDP_MAX_TX_SKB_BUDGET /* kernel headers before 6.18 */
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

struct tx_xdp {
	struct tx_backend base;
	uint8_t *area; /* N_CHUNKS, then N_RX_CHUNKS when zero copy is tried */
	size_t area_len;
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons comp;
	struct xsk_ring_prod tx;
	int fd;
	uint32_t call_frames;
	uint32_t last_consumed; /* the ring's consumer at the last look */
	uint64_t n_consumed;    /* the same, without end */
	size_t n_free;
	uint64_t free_addrs[N_CHUNKS]; /* a stack: chunks used last are warm */
};

/* Takes back chunks that the kernel has finished with. */
static void collect(struct tx_xdp *x)
{
	uint32_t at;
	uint32_t n = xsk_ring_cons__peek(&x->comp, N_CHUNKS, &at);
	for (uint32_t i = 0; i < n; i++)
		x->free_addrs[x->n_free++] = *xsk_ring_cons__comp_addr(&x->comp, at + i);
	xsk_ring_cons__release(&x->comp, n);
}

static size_t xdp_reserve(struct tx_backend *backend, struct tx_frame *frames, size_t n)
{
	struct tx_xdp *x = (struct tx_xdp *)backend;
	if (n > TX_BATCH_MAX)
		n = TX_BATCH_MAX;
	/* At every turn, not when chunks run out: the same few chunks go round and stay cached. */
	collect(x);
	if (x->n_free < n)
		n = x->n_free;
	for (size_t i = 0; i < n; i++)
		frames[i].bytes = x->area + x->free_addrs[x->n_free - 1 - i];
	return n;
}

static void xdp_commit(struct tx_backend *backend, const struct tx_frame *frames, size_t n)
{
	struct tx_xdp *x = (struct tx_xdp *)backend;
	uint32_t at;
	/* The ring is as long as there are chunks: there is always room. */
	if (n == 0 || xsk_ring_prod__reserve(&x->tx, (uint32_t)n, &at) != n)
		return;
	for (size_t i = 0; i < n; i++) {
		struct xdp_desc *desc = xsk_ring_prod__tx_desc(&x->tx, at + (uint32_t)i);
		desc->addr = (uint64_t)(frames[i].bytes - x->area);
		desc->len = frames[i].len;
		desc->options = 0;
	}
	x->n_free -= n;
	xsk_ring_prod__submit(&x->tx, (uint32_t)n);
}

static uint32_t ring_pending(const struct tx_xdp *x)
{
	return *x->tx.producer - __atomic_load_n(x->tx.consumer, __ATOMIC_ACQUIRE);
}

static size_t xdp_pending(const struct tx_backend *backend)
{
	return ring_pending((const struct tx_xdp *)backend);
}

/* Counts what the kernel has taken off the ring, lost frames included. It may show that late (by the
 * next call, before 6.17), so a loss can be known before its frame is seen to be gone. */
static void count_consumed(struct tx_xdp *x)
{
	struct tx_stats *stats = &x->base.stats;
	uint32_t consumed = __atomic_load_n(x->tx.consumer, __ATOMIC_ACQUIRE);
	x->n_consumed += consumed - x->last_consumed;
	x->last_consumed = consumed;
	stats->n_sent = x->n_consumed > stats->n_lost ? x->n_consumed - stats->n_lost : 0;
}

/* One call: the kernel takes up to call_frames frames. Returns 0 or an errno. */
static int kick(struct tx_xdp *x)
{
	int err = 0;
	if (sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
		err = errno;
	if (err == EBUSY) { /* the device dropped the frame that the kernel stopped at */
		x->base.stats.n_lost++;
		err = EAGAIN;
	}
	count_consumed(x);
	return err;
}

static int xdp_flush(struct tx_backend *backend)
{
	struct tx_xdp *x = (struct tx_xdp *)backend;
	uint32_t n = ring_pending(x);
	if (n == 0)
		return 0;
	if (!xsk_ring_prod__needs_wakeup(&x->tx)) { /* the driver is at work: zero copy */
		count_consumed(x);
		return ring_pending(x) ? -EAGAIN : 0;
	}
	/* EAGAIN is also "I have done my share": as many calls as shares, and one for the rest. */
	for (uint32_t calls = n / x->call_frames + 2; calls > 0; calls--) {
		int err = kick(x);
		if (ring_pending(x) == 0)
			return 0;
		switch (err) {
		case 0:
		case EAGAIN:
		case EINTR:
			break;
		case ENOBUFS:
			calls = 1; /* memory for packets is short: later */
			break;
		default:
			return -err;
		}
	}
	backend->stats.n_full++;
	return -EAGAIN;
}

static void release(struct tx_xdp *x)
{
	if (x->xsk)
		xsk_socket__delete(x->xsk);
	if (x->umem)
		(void)xsk_umem__delete(x->umem);
	if (x->area)
		munmap(x->area, x->area_len);
	x->xsk = NULL;
	x->umem = NULL;
	x->area = NULL;
}

static void xdp_close(struct tx_backend *backend)
{
	release((struct tx_xdp *)backend);
	free(backend);
}

static int quiet(enum libxdp_print_level level, const char *text, va_list ap)
{
	(void)level;
	(void)text;
	(void)ap;
	return 0;
}

static int quiet_bpf(enum libbpf_print_level level, const char *text, va_list ap)
{
	(void)level;
	(void)text;
	(void)ap;
	return 0;
}

/* Memory shared with the kernel counts against RLIMIT_MEMLOCK, unless one may lock any amount. */
static void raise_memlock(void)
{
	struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int make_umem(struct tx_xdp *x, bool is_zero_copy)
{
	const struct xsk_umem_config config = {
	    .fill_size = N_RX_CHUNKS, .comp_size = N_CHUNKS, .frame_size = CHUNK_LEN};
	uint32_t n_rx = is_zero_copy ? N_RX_CHUNKS : 0, at;
	x->area_len = (size_t)(N_CHUNKS + n_rx) * CHUNK_LEN;
	void *area = mmap(NULL, x->area_len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (area == MAP_FAILED)
		return -errno;
	x->area = area;
	for (size_t i = 0; i < N_CHUNKS; i++)
		x->free_addrs[i] = i * CHUNK_LEN + i % N_COLOURS * COLOUR_LEN;
	x->n_free = N_CHUNKS;
	int err = xsk_umem__create(&x->umem, area, x->area_len, &x->fill, &x->comp, &config);
	if (err || n_rx == 0)
		return err;
	if (xsk_ring_prod__reserve(&x->fill, n_rx, &at) != n_rx)
		return -ENOBUFS;
	for (uint32_t i = 0; i < n_rx; i++)
		*xsk_ring_prod__fill_addr(&x->fill, at + i) = (uint64_t)(N_CHUNKS + i) * CHUNK_LEN;
	xsk_ring_prod__submit(&x->fill, n_rx);
	return 0;
}

static int make_socket(struct tx_xdp *x, const struct tx_config *config, bool is_zero_copy)
{
	const struct xsk_socket_config socket_config = {.tx_size = N_CHUNKS,
	    .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	    .bind_flags =
		(uint16_t)(XDP_USE_NEED_WAKEUP | (is_zero_copy ? XDP_ZEROCOPY : XDP_COPY))};
	/* The kernel frees the queue of a socket that was closed a moment later, so that one scan
	 * right after another finds it taken at first. */
	int64_t deadline_ns = clock_mono_ns() + BUSY_TIMEOUT_NS;
	int err;
	do {
		err = xsk_socket__create(&x->xsk, config->interface, config->queue, x->umem, NULL,
		    &x->tx, &socket_config);
		if (err == -EBUSY)
			clock_sleep_ns(10 * NS_PER_MS);
	} while (err == -EBUSY && clock_mono_ns() < deadline_ns);
	if (err)
		return err;
	x->fd = xsk_socket__fd(x->xsk);
	return 0;
}

/* Only speed depends on these: without them calls are more, or the queue is sooner full. */
static void tune_socket(struct tx_xdp *x)
{
	uint32_t wanted = CALL_FRAMES_WANTED;
	int bytes = SNDBUF_BYTES;
	x->call_frames = CALL_FRAMES;
	if (setsockopt(x->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &wanted, sizeof(wanted)) == 0)
		x->call_frames = wanted;
	if (setsockopt(x->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(x->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

/* Opens in one mode; on failure everything is released again. */
static int open_mode(struct tx_xdp *x, const struct tx_config *config, bool is_zero_copy)
{
	int err = make_umem(x, is_zero_copy);
	if (!err)
		err = make_socket(x, config, is_zero_copy);
	/* Drivers accept zero copy and then refuse to send without an XDP program on the interface:
	 * a wake-up with nothing to send finds out. */
	if (!err && is_zero_copy && sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 &&
	    errno != EAGAIN)
		err = -errno;
	if (err) {
		release(x);
		return err;
	}
	tune_socket(x);
	x->base.name = is_zero_copy ? "AF_XDP (zero copy)" : "AF_XDP (copy)";
	return 0;
}

int tx_xdp_open(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
{
	static const struct tx_backend_ops ops = {
	    xdp_reserve, xdp_commit, xdp_flush, xdp_pending, xdp_close};
	if (config->is_raw_ip)
		return diag_set(
		    diag, -EOPNOTSUPP, "%s: AF_XDP needs an Ethernet interface", config->interface);
	struct tx_xdp *x = calloc(1, sizeof(*x));
	if (!x)
		return diag_set(diag, -ENOMEM, "out of memory");
	x->base.ops = &ops;
	(void)libxdp_set_print(quiet);
	(void)libbpf_set_print(quiet_bpf);
	raise_memlock();
	int zero_copy_err = config->may_zero_copy ? open_mode(x, config, true) : -EOPNOTSUPP;
	int err = zero_copy_err ? open_mode(x, config, false) : 0;
	if (config->may_zero_copy && zero_copy_err && !err)
		log_info("%s: no zero copy: %s", config->interface, strerror(-zero_copy_err));
	if (err) {
		diag_set(diag, err, "%s: AF_XDP on queue %u: %s", config->interface, config->queue,
		    err == -EBUSY                         ? "another socket has it"
		    : err == -EINVAL && config->queue > 0 ? "the interface has fewer queues"
							  : strerror(-err));
		xdp_close(&x->base);
		return err;
	}
	*out = &x->base;
	return 0;
}

#else /* !HAVE_XDP */

int tx_xdp_open(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
{
	(void)out;
	return diag_set(diag, -EOPNOTSUPP,
	    "%s: AF_XDP is not in this build: install libxdp-dev and configure again",
	    config->interface);
}

#endif
