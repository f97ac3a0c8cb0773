#ifndef TX_BACKEND_H
#define TX_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

/* A way to put frames on one interface. The sender writes frames straight into the back end's memory
 * (tx_reserve), hands them over (tx_commit) and lets them go (tx_flush): one system call a batch.
 * Every back end sends the bytes as they are. A committed frame is either sent or counted in n_lost;
 * while the queue is full it stays pending and is tried again by the next tx_flush.
 *
 * Frames that leave through AF_XDP, or AF_PACKET with its bypass of the queueing discipline, are not
 * seen by captures on this host: what was sent has to be written down by the sender.
 *
 * Owned by one thread. Nothing here allocates or sleeps after tx_open. */

enum {
	TX_BATCH_MAX = 128,  /* frames of one tx_reserve */
	TX_FRAME_MAX = 1536, /* bytes of one frame, link header included */
};

enum tx_backend_kind {
	TX_BACKEND_XDP,    /* AF_XDP: copy mode, or zero copy where asked for and offered */
	TX_BACKEND_PACKET, /* AF_PACKET, sendmmsg, bypassing the queueing discipline */
	TX_BACKEND_LIBNET, /* libnet's injection, one call a frame */
	TX_BACKEND_NULL,   /* nowhere: what the sender costs without a kernel (tests/bench) */
	TX_BACKEND_KIND_COUNT,
};

struct tx_frame {
	uint8_t *bytes; /* TX_FRAME_MAX bytes of the back end's; valid until tx_commit */
	uint32_t len;   /* the caller's, before tx_commit; 1..TX_FRAME_MAX */
};

/* Committed frames = n_sent + n_lost + pending. Only the owner writes; read them in its thread. */
struct tx_stats {
	uint64_t n_sent; /* taken by the kernel for the device */
	uint64_t n_lost; /* refused by the kernel for good (too long, dropped by the device) */
	uint64_t n_full; /* times the queue was full: nothing was lost by that */
};

struct tx_backend; /* opaque but for what implementations of it see below */

struct tx_backend_ops {
	size_t (*reserve)(struct tx_backend *backend, struct tx_frame *frames, size_t n);
	void (*commit)(struct tx_backend *backend, const struct tx_frame *frames, size_t n);
	int (*flush)(struct tx_backend *backend);
	size_t (*pending)(const struct tx_backend *backend);
	void (*close)(struct tx_backend *backend);
};

/* The head of every implementation's own struct. */
struct tx_backend {
	const struct tx_backend_ops *ops;
	struct tx_stats stats;
	const char *name; /* "AF_XDP (copy)", ...: static text, for people */
};

struct tx_config {
	const char *interface; /* borrowed for the call */
	uint32_t ifindex;
	bool is_raw_ip; /* frames start with the IP header: tun, WireGuard, ppp. No AF_XDP */
	uint32_t queue; /* transmit queue that AF_XDP takes: another one for each sender */
	/* AF_XDP may take the queue over from the driver (zero copy), its receive side too: what comes
	 * in there then passes through our memory on its way to the host. For those who ask for it. */
	bool may_zero_copy;
};

/* Opens one kind of back end. Needs CAP_NET_RAW. Returns 0 and *out, owned by the caller, or with
 * the reason in diag: -EOPNOTSUPP (not built in, not for this link, not offered by the kernel),
 * -EPERM, -EBUSY (the queue is taken), or the errno of the call that failed. TX_BACKEND_LIBNET is
 * made by link.h, which has libnet: -EOPNOTSUPP here. */
int tx_open(enum tx_backend_kind kind, const struct tx_config *config, struct diag *diag,
    struct tx_backend **out) __attribute__((warn_unused_result));

/* Opens the fastest kind that works: AF_XDP, then AF_PACKET. Each fall-back is logged with its
 * reason (info). Returns 0 or the last error with diag. */
int tx_open_best(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
    __attribute__((warn_unused_result));

/* Closes; frames that are still pending are not sent. NULL is allowed. */
static inline void tx_close(struct tx_backend *backend)
{
	if (backend)
		backend->ops->close(backend);
}

/* Lends up to n (at most TX_BATCH_MAX) frame buffers. Returns how many, 0 when all are in flight:
 * tx_flush, then try again. What is lent is either committed or taken back by the next tx_reserve. */
static inline size_t tx_reserve(struct tx_backend *backend, struct tx_frame *frames, size_t n)
{
	return backend->ops->reserve(backend, frames, n);
}

/* Hands over the first n frames of the last tx_reserve, in order, with their lengths. Once per
 * tx_reserve. */
static inline void tx_commit(struct tx_backend *backend, const struct tx_frame *frames, size_t n)
{
	backend->ops->commit(backend, frames, n);
}

/* Lets committed frames go. Returns 0 when the kernel has them all; -EAGAIN when its queue is full
 * and some are pending (call again; sleep a little when there is nothing else to do); another
 * negative errno when the interface is gone or down: pending frames stay pending. */
static inline int tx_flush(struct tx_backend *backend)
{
	return backend->ops->flush(backend);
}

/* Committed frames that the kernel does not have yet. */
static inline size_t tx_pending(const struct tx_backend *backend)
{
	return backend->ops->pending(backend);
}

/* Flushes until nothing is pending, sleeping between tries, at most timeout_ns. Returns 0,
 * -ETIMEDOUT, or tx_flush's error. At the end of a scan. */
int tx_drain(struct tx_backend *backend, int64_t timeout_ns) __attribute__((warn_unused_result));

/* Implementations, called by tx_open. */
int tx_packet_open(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
    __attribute__((warn_unused_result));
int tx_xdp_open(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
    __attribute__((warn_unused_result));
int tx_null_open(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
    __attribute__((warn_unused_result));

#endif
