/* sender: takes targets and requests, pays for them, makes packets, hands them to a back end. A thread
 * of its own; only senders send. A packet is sent or counted, never lost in silence: a full queue is tried
 * again, a refusal is counted in send_errors. Sources: DESIGN.md section 2. */
#include "tx/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/dassert.h"
#include "base/hash.h"
#include "engine/seen.h"
#include "tx/onlink.h"
#include "wire/neigh.h"

#define IDLE_NS        (NS_PER_MS / 2) /* longest nap with tokens: requests of sessions wait no longer */
#define UNPAID_NS      (5 * NS_PER_MS)   /* longest nap without: nothing could be sent anyway */
#define VALVE_NS       (100 * NS_PER_US) /* between two looks at what is downstream */
#define RETRY_NS       (100 * NS_PER_US)
#define ABORT_GRACE_NS (250 * NS_PER_MS)
#define DRAIN_NS       (500 * NS_PER_MS)
enum {
	BATCH = 64,
	SPARED_HOSTS = 1 << 16, /* remembered; the oldest are forgotten */
	WIRE_OVERHEAD = 24,     /* preamble, FCS, gap: an Ethernet frame's share of the link */
	SYN_WIRE_LEN = 118,     /* the longest SYN of ours on the link: IPv6, 20 bytes of options */
	FULL_TRIES = 200,       /* 20 ms of a full queue, then the packet is given up and counted */
};

/* Frames lent by one back end and filled so far. */
struct outbox {
	struct tx_backend *backend; /* NULL: not used */
	size_t n_lent, n_used;
	bool is_stuck; /* the queue has stayed full: the link is down, or gone */
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
	bool is_exhausted;     /* the receivers have been told */
	bool has_spared;
	size_t n_ended; /* receivers that will ask for no more */
	int64_t last_syn_ns;
	bool is_asked;           /* main waits for a report */
	struct report report;    /* what it is going to be, once parked SYNs have gone */
	int64_t valve_closed_at; /* 0: open */
	int64_t next_valve_ns;
	struct outbox outboxes[2]; /* one a back end */
	struct ring_cell cells[BATCH];
	struct seen *spared; /* hosts that acknowledge everything (--skip-hyperacktive) */
	struct attempt batch[BATCH];
};

int sender_create(const struct sender_config *config, struct sender **out)
{
	struct sender *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	hash_random(&s->rng, sizeof(s->rng));
	s->outboxes[0].backend = config->v4.backend ? config->v4.backend : config->v6.backend;
	if (config->v6.backend != s->outboxes[0].backend)
		s->outboxes[1].backend = config->v6.backend;
	struct hash_key key;
	hash_random(&key, sizeof(key));
	int err = onlink_create(&key, &s->onlink);
	if (!err)
		err = seen_create(SPARED_HOSTS, &key, &s->spared);
	if (err) {
		sender_destroy(s);
		return err;
	}
	*out = s;
	return 0;
}

void sender_destroy(struct sender *s)
{
	if (!s)
		return;
	onlink_destroy(s->onlink);
	seen_destroy(s->spared);
	free(s);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint16_t next_ip_id(struct sender *s)
{
	uint64_t z = s->rng += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint16_t)(z >> 40);
}

static const struct sender_path *path_of(const struct sender *s, const struct ipaddr *addr)
{
	return ipaddr_is_v4(addr) ? &s->config.v4 : &s->config.v6;
}

/* ---- putting frames on the wire ---- */

static void flush(struct sender *s, struct outbox *box)
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
	flush(s, box);
	box->n_lent = tx_reserve(box->backend, box->frames, TX_BATCH_MAX);
	return box->n_lent > 0;
}

/* A frame to fill; NULL: the queue stayed full. Once it has, nothing waits for it: else the segments of
 * thousands of sessions would, one after the other. */
static uint8_t *next_frame(struct sender *s, const struct sender_path *path)
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

/* No target is taken while a queue is stuck: it would be lost. */
static bool is_stuck(struct sender *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->outboxes[i].is_stuck)
			s->outboxes[i].is_stuck = !refill(s, &s->outboxes[i]);
	}
	return s->outboxes[0].is_stuck || s->outboxes[1].is_stuck;
}

/* Counts and pays for the frame that next_frame gave, now len bytes long. */
static void finish_frame(struct sender *s, const struct sender_path *path, size_t len)
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

static void send_packet(struct sender *s, const struct sender_path *path,
    const struct template *tmpl, const struct patch *patch)
{
	uint8_t *frame = next_frame(s, path);
	if (frame)
		finish_frame(s, path, patch_packet(tmpl, patch, frame));
	else
		counters_add(s->config.counters, COUNTER_send_errors, 1);
}

/* Takes tokens for up to n packets of at most wire_len bytes each; returns for how many. */
static size_t pay(struct sender *s, size_t n, size_t wire_len, int64_t now_ns)
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

/* Gives back what was not spent, for the other senders or for later. */
static void settle(struct sender *s)
{
	limiter_give(s->config.packets, s->n_paid);
	if (s->config.bytes && s->bytes_paid > 0)
		limiter_give(s->config.bytes, (uint64_t)s->bytes_paid);
	s->n_paid = 0;
	s->bytes_paid = 0;
}

/* ---- where to ---- */

enum hop_answer { HOP_READY, HOP_PENDING, HOP_NOWHERE };

/* The MAC to send to; NULL in *mac: the link has none. */
static enum hop_answer find_mac(struct sender *s, const struct sender_path *path,
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

/* ---- first SYNs ---- */

static void send_syn(struct sender *s, const struct target *target, uint16_t n, int64_t now_ns)
{
	const struct sender_path *path = path_of(s, &target->addr);
	uint8_t buf[6];
	const uint8_t *mac;
	if (!path->link) {
		counters_add(s->config.counters, COUNTER_family_skipped, n == 0);
		return;
	}
	switch (find_mac(s, path, &target->addr, now_ns, buf, &mac)) {
	case HOP_READY:
		break;
	case HOP_PENDING:
		if (onlink_park(s->onlink, target, n))
			return;
		/* fall through */
	case HOP_NOWHERE:
		counters_add(s->config.counters, COUNTER_target_skipped, 1);
		return;
	}
	struct cookie cookie;
	cookie_make(&s->config.cookie, target, n, &cookie);
	struct patch patch = {
	    .flow = &cookie.flow,
	    .dst_mac = mac,
	    .seq = cookie.iss,
	    .tsval = (uint32_t)(now_ns / NS_PER_US),
	    .window = 64240,
	    .ip_id = next_ip_id(s),
	    .flags = TCP_SYN,
	};
	send_packet(s, path, link_get_syn(path->link), &patch);
	counters_add(s->config.counters, COUNTER_syn_sent, 1);
	if (n)
		counters_add(s->config.counters, COUNTER_syn_repeats, 1);
	s->last_syn_ns = now_ns;
}

static void send_attempt(struct sender *s, const struct attempt *a, int64_t now_ns)
{
	struct target host = {a->target.addr, 0};
	if (a->number == 0)
		counters_add(s->config.counters, COUNTER_targets_taken, 1);
	if (s->has_spared && seen_has(s->spared, &host))
		counters_add(s->config.counters, COUNTER_hyperack_spared, 1);
	else
		send_syn(s, &a->target, a->number, now_ns);
}

static bool is_valve_closed(struct sender *s, int64_t now_ns)
{
	if (now_ns < s->next_valve_ns)
		return s->valve_closed_at != 0;
	s->next_valve_ns = now_ns + VALVE_NS;
	bool is_closed =
	    !onlink_has_room(s->onlink) ||
	    (s->config.is_congested && s->config.is_congested(s->config.congested_ctx));
	if (s->valve_closed_at)
		counters_add(s->config.counters, COUNTER_valve_closed_ns,
		    (uint64_t)(now_ns - s->valve_closed_at));
	s->valve_closed_at = is_closed ? now_ns : 0;
	return is_closed;
}

/* Do other senders have something for open sessions to send? Where tokens are scarce it goes before new
 * targets, whoever has it: else the sender that wakes first would take every token for its SYNs. */
static bool has_others_waiting(const struct sender *s)
{
	for (size_t i = 0; i < s->config.n_others_reqs; i++) {
		if (ring_get_level(s->config.others_reqs[i]) > 0)
			return true;
	}
	return false;
}

/* Sends up to BATCH first SYNs; returns how many. */
static size_t send_targets(struct sender *s, int64_t now_ns)
{
	size_t n_sent = 0;
	struct target target;
	uint16_t n;
	bool is_failed;
	if (is_stuck(s))
		return 0;
	while (onlink_count_parked(s->onlink) > 0 && pay(s, 1, SYN_WIRE_LEN, now_ns) &&
	       onlink_take(s->onlink, &target, &n, &is_failed)) {
		if (is_failed)
			counters_add(s->config.counters, COUNTER_target_skipped, 1);
		else
			send_syn(s, &target, n, now_ns);
		n_sent++;
	}
	if (s->is_stopped || is_valve_closed(s, now_ns))
		return n_sent;
	size_t n_max = pay(s, BATCH, SYN_WIRE_LEN, now_ns);
	if (n_max < BATCH && has_others_waiting(s)) {
		settle(s);
		return n_sent;
	}
	size_t n_got = n_max ? attempts_next(s->config.attempts, now_ns, s->batch, n_max) : 0;
	for (size_t i = 0; i < n_got; i++)
		send_attempt(s, &s->batch[i], now_ns);
	return n_sent + n_got;
}

static bool is_generator_empty(const struct sender *s)
{
	enum targets_status status = attempts_status(s->config.attempts);
	return status == TARGETS_END || status == TARGETS_ERROR;
}

static bool is_generator_done(const struct sender *s)
{
	if (s->aborted_at_ns)
		return true;
	return (s->is_stopped || is_generator_empty(s)) && onlink_count_parked(s->onlink) == 0;
}

/* ---- requests of the receivers ---- */

static void send_segment(struct sender *s, const struct tx_req *req, int64_t now_ns)
{
	const struct sender_path *path = path_of(s, &req->flow.raddr);
	uint8_t buf[6];
	const uint8_t *mac;
	switch (find_mac(s, path, &req->flow.raddr, now_ns, buf, &mac)) {
	case HOP_READY:
		break;
	case HOP_PENDING: /* asked for: the retransmission will find it */
		return;
	case HOP_NOWHERE:
		counters_add(s->config.counters, COUNTER_target_skipped, 1);
		return;
	}
	bool is_syn = req->flags & TCP_SYN;
	struct patch patch = {
	    .flow = &req->flow,
	    .dst_mac = mac,
	    .seq = req->seq,
	    .ack = req->ack,
	    .tsval = (uint32_t)(now_ns / NS_PER_US),
	    .tsecr = req->tsecr,
	    .window = req->window,
	    .ip_id = next_ip_id(s),
	    .flags = req->flags,
	};
	if (is_syn)
		patch.tsecr = 0;
	if (req->payload_len && req->probe_id != SIG_PROBE_NONE) {
		const struct sig_probe *probe = sig_set_get_probe(s->config.set, req->probe_id);
		patch.payload = probe->bytes + req->probe_off;
		patch.payload_len = req->payload_len;
	}
	const struct template *tmpl =
	    is_syn ? link_get_syn(path->link) : link_get_segment(path->link, req->has_ts);
	send_packet(s, path, tmpl, &patch);
	counters_add(s->config.counters, is_syn ? COUNTER_syn_sent : COUNTER_segment_sent, 1);
}

static void answer_neighbour(struct sender *s, const struct tx_req *req)
{
	const struct sender_path *path = path_of(s, &req->flow.laddr);
	uint8_t *frame = path->link && path->is_ethernet ? next_frame(s, path) : NULL;
	if (frame)
		finish_frame(s, path,
		    neigh_build_reply(
			path->source_mac, &req->flow.laddr, req->mac, &req->flow.raddr, frame));
}

/* All that the generator gave out has been sent or is parked, and goes before anything new. */
static void note_position(struct sender *s)
{
	struct targets_position position;
	attempts_save(s->config.attempts, &position);
	s->report.index = position.index;
	s->report.since_ns = attempts_get_since_ns(s->config.attempts);
	onlink_mark(s->onlink);
	s->is_asked = true;
}

static void report_position(struct sender *s, int64_t now_ns)
{
	if (!s->is_asked || onlink_count_marked(s->onlink) > 0)
		return;
	s->report.at_ns = now_ns;
	s->is_asked = !ring_push(s->config.reports, &s->report, sizeof(s->report));
}

static void read_control(struct sender *s, int64_t now_ns)
{
	struct control control;
	while (ring_pop(s->config.control, &control, sizeof(control))) {
		switch ((enum control_kind)control.kind) {
		case CONTROL_ABORT:
			s->aborted_at_ns = now_ns;
			s->is_stopped = true;
			break;
		case CONTROL_STOP:
			s->is_stopped = true;
			break;
		case CONTROL_WHERE:
			note_position(s);
			break;
		case CONTROL_MARK:
		case CONTROL_KIND_COUNT:
			break;
		}
	}
	report_position(s, now_ns);
}

/* Nobody waits for a slow rate after the scan was broken off. */
static bool is_dropping(const struct sender *s, int64_t now_ns)
{
	return s->aborted_at_ns && now_ns - s->aborted_at_ns > ABORT_GRACE_NS;
}

static void serve(struct sender *s, const struct tx_req *req, int64_t now_ns)
{
	struct target target = {req->flow.raddr, req->flow.rport};
	switch ((enum tx_req_kind)req->kind) {
	case TX_REQ_SEGMENT:
		if (!is_dropping(s, now_ns))
			send_segment(s, req, now_ns);
		break;
	case TX_REQ_ANSWERED:
		attempts_note_answered(s->config.attempts, &target);
		break;
	case TX_REQ_SKIP:
		target.port = 0;
		seen_add(s->spared, &target);
		s->has_spared = true;
		break;
	case TX_REQ_NEIGHBOUR:
		onlink_note(s->onlink, &req->flow.raddr, req->mac, s->config.learns_neighbours);
		break;
	case TX_REQ_NEIGHBOUR_REPLY:
		if (!is_dropping(s, now_ns))
			answer_neighbour(s, req);
		break;
	case TX_REQ_END:
		s->n_ended++;
		break;
	case TX_REQ_KIND_COUNT:
		break;
	}
}

/* Serves what the receivers asked for, as far as the bucket pays; returns how many. */
static size_t serve_receivers(struct sender *s, int64_t now_ns)
{
	size_t n_served = 0;
	for (size_t i = 0; i < s->config.n_receivers; i++) {
		size_t n = ring_get_level(s->config.reqs[i]);
		if (n > BATCH)
			n = BATCH;
		if (n > 0 && !is_dropping(s, now_ns))
			n = pay(s, n, SENDER_FRAME_WIRE_MAX, now_ns);
		if (n > 0)
			n = ring_pop_n(s->config.reqs[i], s->cells, n);
		for (size_t k = 0; k < n; k++) {
			struct tx_req req;
			memcpy(&req, &s->cells[k], sizeof(req));
			serve(s, &req, now_ns);
		}
		settle(s); /* a segment is shorter than was paid, and news are no packets */
		n_served += n;
	}
	return n_served;
}

static void ask_neighbours(struct sender *s, int64_t now_ns)
{
	const struct ipaddr *addr;
	while (onlink_has_request(s->onlink, now_ns) && pay(s, 1, SYN_WIRE_LEN, now_ns) &&
	       (addr = onlink_next_request(s->onlink, now_ns)) != NULL) {
		const struct sender_path *path = path_of(s, addr);
		struct target target = {*addr, 1};
		struct cookie cookie;
		uint8_t *frame = next_frame(s, path);
		if (!frame)
			return;
		cookie_make(&s->config.cookie, &target, 0, &cookie);
		finish_frame(s, path,
		    neigh_build_request(path->source_mac, &cookie.flow.laddr, addr, frame));
	}
}

/* ---- the thread ---- */

static void tell_done(struct sender *s)
{
	struct rx_note note = {.kind = RX_NOTE_TX_DONE, .at_ns = s->last_syn_ns};
	for (size_t i = 0; i < s->config.n_receivers; i++) {
		/* The ring is sized for every note there can be. */
		if (!ring_push(s->config.notes[i], &note, sizeof(note)))
			abort();
	}
	s->is_exhausted = true;
	counters_set(s->config.counters, COUNTER_senders_done, 1);
}

/* Sleeps until a batch can be paid, or a packet when that takes longer. Never shorter than it takes
 * to wake up: below 50,000 packets a second nothing spins. */
static void nap(const struct sender *s, int64_t now_ns)
{
	int64_t one = limiter_wait_ns(s->config.packets, 1, now_ns);
	int64_t wait = limiter_wait_ns(s->config.packets, BATCH, now_ns);
	if (s->config.bytes) {
		int64_t bytes = limiter_wait_ns(s->config.bytes, SYN_WIRE_LEN, now_ns);
		one = bytes > one ? bytes : one;
		wait = bytes > wait ? bytes : wait;
	}
	if (one == 0 || (wait > IDLE_NS && one <= IDLE_NS))
		wait = IDLE_NS; /* there is nothing to send, or enough for a few packets */
	else if (wait > IDLE_NS)
		wait = one < UNPAID_NS ? one : UNPAID_NS;
	clock_sleep_ns(wait);
}

void sender_run(struct sender *s)
{
	s->last_syn_ns = clock_mono_ns();
	while (s->n_ended < s->config.n_receivers) {
		int64_t now_ns = clock_mono_ns();
		read_control(s, now_ns);
		size_t n = serve_receivers(s, now_ns);
		ask_neighbours(s, now_ns);
		if (!s->is_exhausted) {
			n += send_targets(s, now_ns);
			if (is_generator_done(s))
				tell_done(s);
		}
		settle(s);
		flush(s, &s->outboxes[0]);
		flush(s, &s->outboxes[1]);
		if (n == 0)
			nap(s, now_ns);
	}
	for (int i = 0; i < 2; i++) {
		if (s->outboxes[i].backend && tx_drain(s->outboxes[i].backend, DRAIN_NS))
			counters_add(s->config.counters, COUNTER_send_errors,
			    tx_pending(s->outboxes[i].backend));
	}
}
