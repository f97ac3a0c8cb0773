/* sender_out: frames, tokens and next hops of the sender; its thread. A packet is sent or counted, never
 * lost in silence: a full queue is tried again, a refusal is counted in send_errors. Refuses to wait for a
 * queue that has stayed full. Sources: DESIGN.md section 2. */
#include "tx/sender_internal.h"

#include <errno.h>

#include "base/dassert.h"

#define RETRY_NS (100 * NS_PER_US)
enum {
	FULL_TRIES = 200, /* 20 ms of a full queue, then the packet is given up and counted */
};

/* Counts the frames that were filled since the last time, and spends their tokens. */
static void count_frames(struct sender *s, struct outbox *box)
{
	uint64_t n = box->n_used - box->n_counted, n_bytes = 0;
	for (size_t i = box->n_counted; i < box->n_used; i++)
		n_bytes += box->frames[i].len;
	box->n_counted = box->n_used;
	dassert(s->n_paid >= n);
	s->n_paid -= n;
	s->bytes_paid -= (int64_t)n_bytes + (int64_t)n * box->overhead;
	counters_add(s->config.counters, COUNTER_packets_sent, n);
	counters_add(s->config.counters, COUNTER_bytes_sent, n_bytes);
}

void sender_flush(struct sender *s, struct outbox *box)
{
	if (!box->backend)
		return;
	count_frames(s, box);
	if (box->n_lent)
		tx_commit(box->backend, box->frames, box->n_used);
	box->n_lent = box->n_used = box->n_counted = 0;
	/* Pending frames stay with the back end and are tried again; a dead interface shows as
	 * frames that no longer go anywhere, and the receiver's capture ends the scan. */
	if (tx_pending(box->backend) && tx_flush(box->backend) == -EAGAIN)
		counters_add(s->config.counters, COUNTER_send_retries, 1);
	uint64_t n_lost = box->backend->stats.n_lost;
	counters_add(s->config.counters, COUNTER_send_errors, n_lost - box->n_lost_seen);
	box->n_lost_seen = n_lost;
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
uint8_t *sender_lend_frame(struct sender *s, struct outbox *box)
{
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
	count_frames(s, &s->outboxes[0]);
	count_frames(s, &s->outboxes[1]);
	limiter_give(s->config.packets, s->n_paid);
	if (s->config.bytes && s->bytes_paid > 0)
		limiter_give(s->config.bytes, (uint64_t)s->bytes_paid);
	s->n_paid = 0;
	s->bytes_paid = 0;
}

enum hop_answer sender_ask_onlink(
    struct sender *s, const struct ipaddr *dst, int64_t now_ns, uint8_t mac[6])
{
	switch (onlink_lookup(s->onlink, dst, now_ns, mac)) {
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
