/* sender_out: frames, tokens and next hops of the sender; its thread. A packet is sent or counted, never
 * lost in silence: a full queue is tried again, a refusal is counted in send_errors. Refuses to wait for a
 * queue that has stayed full. Sources: DESIGN.md section 2. */
#include "tx/sender_internal.h"

#include <errno.h>

#include "base/dassert.h"

#define RETRY_NS (100 * NS_PER_US)
enum {
	WIRE_OVERHEAD = 24, /* preamble, FCS, gap: an Ethernet frame's share of the link */
	FULL_TRIES = 200,   /* 20 ms of a full queue, then the packet is given up and counted */
};

void sender_flush(struct sender *s, struct outbox *box)
{
	if (!box->backend)
		return;
	if (box->n_lent)
		tx_commit(box->backend, box->frames, box->n_used);
	box->n_lent = box->n_used = 0;
	/* Pending frames stay with the back end and are tried again; a dead interface shows as
	 * frames that no longer go anywhere, and the receiver's capture ends the scan. */
	if (tx_pending(box->backend) && tx_flush(box->backend) == -EAGAIN)
		counters_add(s->config.counters, COUNTER_send_retries, 1);
	uint64_t n_lost = box->backend->stats.n_lost;
	counters_add(s->config.counters, COUNTER_send_errors, n_lost - box->n_lost_seen);
	box->n_lost_seen = n_lost;
}

static struct outbox *box_of(struct sender *s, const struct sender_path *path)
{
	return &s->outboxes[path->backend == s->outboxes[0].backend ? 0 : 1];
}

/* Has frames lent again, when those of last time are used up. */
static bool refill(struct sender *s, struct outbox *box)
{
	if (box->n_used < box->n_lent)
		return true;
	sender_flush(s, box);
	box->n_lent = tx_reserve(box->backend, box->frames, TX_BATCH_MAX);
	return box->n_lent > 0;
}

/* Once the queue has stayed full, nothing waits for it: else the segments of thousands of sessions would,
 * one after the other. */
uint8_t *sender_next_frame(struct sender *s, const struct sender_path *path)
{
	struct outbox *box = box_of(s, path);
	bool is_ready = refill(s, box);
	for (int i = 0; !is_ready && !box->is_stuck && i < FULL_TRIES; i++) {
		clock_sleep_ns(RETRY_NS);
		is_ready = refill(s, box);
	}
	box->is_stuck = !is_ready;
	return is_ready ? box->frames[box->n_used].bytes : NULL;
}

bool sender_is_stuck(struct sender *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->outboxes[i].is_stuck)
			s->outboxes[i].is_stuck = !refill(s, &s->outboxes[i]);
	}
	return s->outboxes[0].is_stuck || s->outboxes[1].is_stuck;
}

void sender_finish_frame(struct sender *s, const struct sender_path *path, size_t len)
{
	struct outbox *box = box_of(s, path);
	struct tx_frame *frame = &box->frames[box->n_used++];
	frame->len = (uint32_t)len;
	counters_add(s->config.counters, COUNTER_packets_sent, 1);
	counters_add(s->config.counters, COUNTER_bytes_sent, len);
	dassert(s->n_paid > 0);
	s->n_paid--;
	s->bytes_paid -= (int64_t)(len + (path->is_ethernet ? WIRE_OVERHEAD : 0));
	if (s->config.tap)
		s->config.tap(s->config.tap_ctx, frame->bytes, len, path->is_ethernet);
}

void sender_send(struct sender *s, const struct sender_path *path, const struct template *tmpl,
    const struct patch *patch)
{
	uint8_t *frame = sender_next_frame(s, path);
	if (frame)
		sender_finish_frame(s, path, patch_packet(tmpl, patch, frame));
	else
		counters_add(s->config.counters, COUNTER_send_errors, 1);
}

size_t sender_pay(struct sender *s, size_t n, size_t wire_len, int64_t now_ns)
{
	uint64_t n_got = limiter_take(s->config.packets, n, 1, now_ns);
	if (s->config.bytes && n_got > 0) {
		uint64_t n_long = limiter_take(s->config.bytes, n_got, (double)wire_len, now_ns);
		limiter_give(s->config.packets, n_got - n_long);
		n_got = n_long;
		s->bytes_paid += (int64_t)(n_got * wire_len);
	}
	s->n_paid += n_got;
	return (size_t)n_got;
}

void sender_settle(struct sender *s)
{
	limiter_give(s->config.packets, s->n_paid);
	if (s->config.bytes && s->bytes_paid > 0)
		limiter_give(s->config.bytes, (uint64_t)s->bytes_paid);
	s->n_paid = 0;
	s->bytes_paid = 0;
}

enum hop_answer sender_find_mac(struct sender *s, const struct sender_path *path,
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
	if (hop != SENDER_HOP_ONLINK) {
		*mac = path->macs[hop];
		return HOP_READY;
	}
	*mac = buf;
	switch (onlink_lookup(s->onlink, dst, now_ns, buf)) {
	case ONLINK_RESOLVED:
		return HOP_READY;
	case ONLINK_PENDING:
		return HOP_PENDING;
	case ONLINK_FAILED:
	case ONLINK_STATE_COUNT:
		break;
	}
	return HOP_NOWHERE;
}
