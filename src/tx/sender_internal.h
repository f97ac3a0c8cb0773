#ifndef TX_SENDER_INTERNAL_H
#define TX_SENDER_INTERNAL_H

#include "base/clock.h"
#include "base/hash.h"
#include "engine/seen.h"
#include "tx/onlink.h"
#include "tx/sender.h"

/* What the files of the sender share: sender.c the thread, sender_out.c frames, tokens and next hops,
 * sender_syn.c first SYNs, sender_req.c what receivers ask for. All in the sender's thread; now_ns is its
 * monotonic clock at the beginning of a turn. */

enum {
	SENDER_BATCH = 128,        /* packets of one turn */
	SENDER_WIRE_OVERHEAD = 24, /* preamble, FCS, gap: an Ethernet frame's share of the link */
	SENDER_SYN_WIRE = 118, /* the longest SYN of ours on the link: IPv6, 20 bytes of options */
};

/* Frames lent by one back end and filled so far. */
struct outbox {
	struct tx_backend *backend; /* NULL: not used */
	size_t n_lent, n_used;
	size_t n_counted; /* of those used, counted and paid */
	int64_t overhead; /* bytes of a frame that only the link counts */
	bool is_stuck;    /* the queue has stayed full: the link is down, or gone */
	struct tx_frame frames[TX_BATCH_MAX];
	uint64_t n_lost_seen;
};

struct sender {
	struct sender_config config;
	/* Taken from the buckets and not spent yet: less than a batch, back before the next nap. */
	uint64_t n_paid;
	int64_t bytes_paid;
	struct onlink *onlink;
	uint64_t rng;          /* IP identification only: no secret */
	bool is_stopped;       /* no more targets are taken */
	int64_t aborted_at_ns; /* packets still wanted then go out for ABORT_GRACE_NS, no longer */
	int64_t held_until_ns; /* CONTROL_GO_BACK is to come before */
	bool is_exhausted;     /* the receivers have been told */
	bool has_spared;
	size_t n_ended; /* receivers that will ask for no more */
	int64_t last_syn_ns;
	bool is_asked;           /* main waits for a report */
	struct report report;    /* what it is going to be, once parked SYNs have gone */
	int64_t valve_closed_at; /* 0: open */
	int64_t next_valve_ns;
	struct outbox outboxes[2]; /* one a back end */
	struct ring_cell cells[SENDER_BATCH];
	struct seen *spared; /* hosts that acknowledge everything (--skip-hyperacktive) */
	struct attempt batch[SENDER_BATCH];
};

static inline const struct sender_path *sender_path_of(
    const struct sender *s, const struct ipaddr *addr)
{
	return ipaddr_is_v4(addr) ? &s->config.v4 : &s->config.v6;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static inline uint16_t sender_next_ip_id(struct sender *s)
{
	uint64_t z = s->rng += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint16_t)(z >> 40);
}

/* ---- sender_out.c ---- */

/* Hands over what is filled and lets it go; counts what the back end lost. box may be unused. */
void sender_flush(struct sender *s, struct outbox *box);

/* Is a queue stuck, still? No target is taken then: it would be lost. */
bool sender_is_stuck(struct sender *s);

/* sender_next_frame() when the lent ones are used up. */
uint8_t *sender_lend_frame(struct sender *s, struct outbox *box);

enum hop_answer { HOP_READY, HOP_PENDING, HOP_NOWHERE };
/* sender_find_mac() for a neighbour: its MAC as far as it is known. */
enum hop_answer sender_ask_onlink(
    struct sender *s, const struct ipaddr *dst, int64_t now_ns, uint8_t mac[6]);

static inline struct outbox *sender_box_of(struct sender *s, const struct sender_path *path)
{
	return &s->outboxes[path->backend == s->outboxes[0].backend ? 0 : 1];
}

/* A frame to fill; NULL: the queue stayed full, for 20 ms the first time. */
static inline uint8_t *sender_next_frame(struct sender *s, struct outbox *box)
{
	if (__builtin_expect(box->n_used < box->n_lent, 1))
		return box->frames[box->n_used].bytes;
	return sender_lend_frame(s, box);
}

/* The frame that sender_next_frame gave is len bytes long. It is counted, and its tokens are spent, together
 * with others. */
static inline void sender_finish_frame(
    struct sender *s, struct outbox *box, const struct sender_path *path, size_t len)
{
	struct tx_frame *frame = &box->frames[box->n_used++];
	frame->len = (uint32_t)len;
	if (s->config.tap)
		s->config.tap(s->config.tap_ctx, frame->bytes, len, path->is_ethernet);
}

/* Sends one packet, or counts it as refused. */
static inline void sender_send(struct sender *s, const struct sender_path *path,
    const struct template *tmpl, const struct patch *patch)
{
	struct outbox *box = sender_box_of(s, path);
	uint8_t *frame = sender_next_frame(s, box);
	if (frame)
		sender_finish_frame(s, box, path, patch_packet(tmpl, patch, frame));
	else
		counters_add(s->config.counters, COUNTER_send_errors, 1);
}

/* Takes tokens for up to n packets of at most wire_len bytes each; returns for how many. */
size_t sender_pay(struct sender *s, size_t n, size_t wire_len, int64_t now_ns);

/* Counts what was put into the outboxes, and gives back what was not spent by it, for the other senders or for later. */
void sender_settle(struct sender *s);

/* The MAC to send to, perhaps in buf; NULL in *mac: the link has none. */
static inline enum hop_answer sender_find_mac(struct sender *s, const struct sender_path *path,
    const struct ipaddr *dst, int64_t now_ns, uint8_t buf[6], const uint8_t **mac)
{
	*mac = NULL;
	if (!path->link)
		return HOP_NOWHERE;
	if (!path->is_ethernet)
		return HOP_READY;
	uint16_t hop = path->next_hop(path->hop_ctx, dst);
	if (hop == SENDER_HOP_NONE)
		return HOP_NOWHERE;
	*mac = hop == SENDER_HOP_ONLINK ? buf : path->macs[hop];
	return hop == SENDER_HOP_ONLINK ? sender_ask_onlink(s, dst, now_ns, buf) : HOP_READY;
}

/* ---- sender_syn.c ---- */

/* Sends up to SENDER_BATCH first SYNs, and parked ones whose neighbour has answered; returns how many. */
size_t sender_send_targets(struct sender *s, int64_t now_ns);

/* Has the generator given out all targets? It may yet go back. */
bool sender_is_generator_empty(const struct sender *s);

/* Will there be no more first SYNs? */
bool sender_is_generator_done(const struct sender *s, int64_t now_ns);

/* ---- sender_req.c ---- */

/* Serves what the receivers asked for, as far as the bucket pays; returns how many. */
size_t sender_serve_receivers(struct sender *s, int64_t now_ns);

/* Asks for the neighbours that first SYNs wait for, as far as the bucket pays. */
void sender_ask_neighbours(struct sender *s, int64_t now_ns);

#endif
