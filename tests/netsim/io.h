#ifndef NETSIM_IO_H
#define NETSIM_IO_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "tests/netsim/frame.h"

/* Frames from and to one Ethernet interface. Two ways: AF_XDP (copy mode; faster) and AF_PACKET. */
struct io;

enum { IO_CHUNK = 16 };

/* n of 1..IO_CHUNK frames, borrowed for the call. */
typedef void io_frames_fn(void *ctx, const struct frame_view *frames, unsigned n);

struct io_counts {
	uint64_t n_rx;
	uint64_t n_tx;
	uint64_t n_rx_dropped; /* by the kernel, because we were slow */
	uint64_t n_tx_dropped; /* not taken by the kernel */
};

/* What a way of input and output can do; one table each in io_xdp.c and io_packet.c. */
struct io_ops {
	const char *name;
	int (*open)(const char *interface, struct diag *diag, struct io **out);
	void (*close)(struct io *io);
	/* Calls fn with the frames that are there, at most a batch; returns how many. */
	unsigned (*receive)(struct io *io, io_frames_fn *fn, void *ctx);
	/* Queues one frame; it is on its way after flush at the latest. */
	void (*send)(struct io *io, const uint8_t *frame, size_t len);
	void (*flush)(struct io *io);
	/* Sleeps until there are frames or timeout_ms have passed. */
	void (*wait)(struct io *io, int timeout_ms);
	void (*get_counts)(struct io *io, struct io_counts *out);
};

extern const struct io_ops io_xdp;
extern const struct io_ops io_packet;

#endif
