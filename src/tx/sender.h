#ifndef TX_SENDER_H
#define TX_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bell.h"
#include "base/counters.h"
#include "base/ring.h"
#include "engine/delivery.h"
#include "engine/messages.h"
#include "targets/attempts.h"
#include "tx/limiter.h"
#include "tx/link.h"
#include "wire/cookie.h"

/* The sender thread: it and its likes alone put packets on the wire. Generator, templates, a share of
 * the token bucket. Packets of open sessions go before new targets; everything is paid from the bucket
 * that all senders share. Opaque. */
struct sender;

/* The largest spending of the byte bucket at once: a frame of the greatest length, on the link. */
enum { SENDER_RECEIVERS_MAX = 16, SENDER_HOPS_MAX = 16, SENDER_FRAME_WIRE_MAX = TX_FRAME_MAX + 24 };

/* Next hops that are not an index into macs. */
enum { SENDER_HOP_ONLINK = 0xffff, SENDER_HOP_NONE = 0xfffe };

/* How one family leaves. link NULL: the family is not scanned. */
struct sender_path {
	struct link *link; /* templates; borrowed */
	struct tx_backend
	    *backend;     /* borrowed; only this thread uses it. May serve both families */
	bool is_ethernet; /* next hops have MACs */
	uint8_t source_mac[6];
	uint8_t macs[SENDER_HOPS_MAX][6];
	uint16_t (*next_hop)(const void *ctx, const struct ipaddr *dst);
	const void *hop_ctx;
};

struct sender_config {
	struct sender_path v4, v6;
	struct cookie_params cookie;
	const struct sig_set *set; /* probe bytes; borrowed */
	struct attempts *attempts; /* the generator; borrowed, this thread's while it runs */
	int64_t attempt_delay_ns;  /* its attempts_config.delay_ns */
	/* The buckets that all senders share; borrowed. bytes: as the link counts them, NULL: no limit. */
	struct limiter *packets, *bytes;
	/* Other senders ask for neighbours too: remember what was not asked for here. */
	bool learns_neighbours;
	struct bell *bell;    /* borrowed; this thread naps, receivers ring */
	struct ring *control; /* struct control from main */
	struct ring *reports; /* struct report to main */
	size_t n_receivers;
	struct ring *reqs[SENDER_RECEIVERS_MAX];  /* struct tx_req from each receiver */
	struct ring *notes[SENDER_RECEIVERS_MAX]; /* struct rx_note to each receiver */
	/* The rings from the receivers to the other senders: only looked at. */
	size_t n_others_reqs;
	struct ring *const *others_reqs; /* borrowed */
	/* Without targets left, wait so long for CONTROL_HOLD or CONTROL_GO_BACK: no longer than the cooldown,
	 * which runs meanwhile. 0: none comes. */
	int64_t linger_ns;
	/* The valve: true while something downstream is too full for new targets. May be NULL. */
	bool (*is_congested)(void *ctx);
	void *congested_ctx;
	/* Sees every packet that was sent. May be NULL. */
	void (*tap)(void *ctx, const uint8_t *frame, size_t len, bool is_ethernet);
	void *tap_ctx;
	struct delivery
	    *syns; /* borrowed: first SYNs and others by time; only this thread writes */
	struct counters *counters; /* of this thread */
};

int sender_create(const struct sender_config *config, struct sender **out)
    __attribute__((warn_unused_result));
void sender_destroy(struct sender *sender);

/* Runs until every receiver has sent TX_REQ_END. Thread function body. */
void sender_run(struct sender *sender);

#endif
