/* sender_syn: first SYNs, and those of later attempts. The sender's thread. Refuses new targets while
 * something downstream is full (the valve), while a queue is stuck, and where tokens are scarce while other
 * senders have packets of open sessions waiting. Sources: DESIGN.md section 2. */
#include "tx/sender_internal.h"

#include <string.h>

#include "wire/form.h"

#define VALVE_NS (100 * NS_PER_US) /* between two looks at what is downstream */

/* What the SYNs of one turn and one family have in common. */
struct lane {
	const struct sender_path *path;
	struct outbox *box;
	struct form form; /* of a family that is scanned */
};

static void open_lane(
    struct sender *s, const struct sender_path *path, const struct patch *common, struct lane *out)
{
	out->path = path;
	out->box = sender_box_of(s, path);
	if (path->link)
		form_fill(link_get_syn(path->link), common, &out->form);
}

/* One SYN of a family that is scanned; its cookie is made of hash. may_wait: until it trails what was sent to
 * the host before. Was there one to send? */
static bool send_syn(struct sender *s, struct lane *lane, const struct attempt *a, uint64_t hash,
    bool may_wait, int64_t now_ns)
{
	struct patch own;
	uint8_t buf[6];
	switch (sender_find_mac(s, lane->path, &a->target.addr, now_ns, buf, &own.dst_mac)) {
	case HOP_READY:
		if (may_wait && own.dst_mac == buf &&
		    onlink_hold_back(s->onlink, &a->target, a->number, now_ns))
			return false;
		break;
	case HOP_PENDING:
		if (onlink_park(s->onlink, &a->target, a->number, now_ns))
			return false;
		/* fall through */
	case HOP_NOWHERE:
		counters_add(s->config.counters, COUNTER_target_skipped, 1);
		return false;
	}
	struct cookie cookie;
	cookie_from_hash(&s->config.cookie, &a->target, hash, &cookie);
	own.flow = &cookie.flow;
	own.seq = cookie.iss;
	own.ip_id = (uint16_t)(hash >> 32); /* the bits that the source port does not show */
	uint8_t *frame = sender_next_frame(s, lane->box);
	if (frame)
		sender_finish_frame(s, lane->box, lane->path, form_write(&lane->form, &own, frame));
	else
		counters_add(s->config.counters, COUNTER_send_errors, 1);
	return true;
}

static bool is_spared(const struct sender *s, const struct attempt *a)
{
	if (!s->has_spared)
		return false;
	struct target host = {a->target.addr, 0};
	return seen_has(s->spared, &host);
}

/* Sends up to SENDER_BATCH SYNs that have been paid, of which the first n_repeats are not the first to their
 * target. may_wait: as send_syn(). */
static void send_syns(struct sender *s, const struct attempt *attempts, size_t n, size_t n_repeats,
    bool may_wait, int64_t now_ns)
{
	const struct patch common = {
	    .tsval = (uint32_t)(now_ns / NS_PER_US), .window = 64240, .flags = TCP_SYN};
	uint64_t hashes[SENDER_BATCH], n_firsts = 0, n_again = 0, n_gone_back = 0;
	struct counters *counters = s->config.counters;
	struct lane v4, v6;
	open_lane(s, &s->config.v4, &common, &v4);
	open_lane(s, &s->config.v6, &common, &v6);
	cookie_hash(&s->config.cookie, attempts, n, hashes);
	for (size_t i = 0; i < n; i++) {
		const struct attempt *a = &attempts[i];
		struct lane *lane = ipaddr_is_v4(&a->target.addr) ? &v4 : &v6;
		bool is_repeat = i < n_repeats;
		if (is_spared(s, a)) {
			counters_add(counters, COUNTER_hyperack_spared, 1);
		} else if (!lane->path->link) {
			counters_add(counters, COUNTER_family_skipped, !is_repeat);
		} else if (send_syn(s, lane, a, hashes[i], may_wait, now_ns)) {
			n_firsts += !is_repeat;
			n_again += is_repeat;
			n_gone_back += is_repeat && a->number == 0;
		}
	}
	counters_add(counters, COUNTER_syn_sent, n_firsts + n_again);
	counters_add(counters, COUNTER_syn_repeats, n_again);
	counters_add(counters, COUNTER_syn_gone_back, n_gone_back);
	if (n_firsts + n_again == 0)
		return;
	if (s->config.syns)
		delivery_note_many(s->config.syns, now_ns, n_firsts, n_again);
	s->last_syn_ns = now_ns;
}

static bool is_valve_closed(struct sender *s, int64_t now_ns)
{
	if (now_ns < s->next_valve_ns)
		return s->valve_closed_at != 0;
	s->next_valve_ns = now_ns + VALVE_NS;
	bool is_closed =
	    onlink_count_room(s->onlink) == 0 ||
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

/* Sends what has waited for its neighbour, as far as it is paid. Returns how many; *is_all: there is no more. */
static size_t send_parked(struct sender *s, int64_t now_ns, bool *is_all)
{
	size_t n_sent = 0;
	struct attempt a;
	bool is_failed;
	*is_all = true;
	while (onlink_count_parked(s->onlink) > 0) {
		*is_all = sender_pay(s, 1, SENDER_SYN_WIRE, now_ns) > 0;
		if (!*is_all || !onlink_take(s->onlink, now_ns, &a.target, &a.number, &is_failed))
			break;
		n_sent++;
		if (a.number > 0 && attempts_has_answered(s->config.attempts, &a.target))
			continue;
		if (is_failed)
			counters_add(s->config.counters, COUNTER_target_skipped, 1);
		else
			send_syns(s, &a, 1, a.number > 0, false, now_ns);
	}
	return n_sent;
}

size_t sender_send_targets(struct sender *s, int64_t now_ns)
{
	bool is_all;
	if (sender_is_stuck(s))
		return 0;
	size_t n_sent = send_parked(s, now_ns, &is_all);
	if (!is_all || s->is_stopped || is_valve_closed(s, now_ns))
		return n_sent;
	/* Each may have to be parked. */
	size_t n_room = onlink_count_room(s->onlink);
	size_t n_want = n_room < SENDER_BATCH ? n_room : SENDER_BATCH;
	size_t n_max = sender_pay(s, n_want, SENDER_SYN_WIRE, now_ns);
	if (n_max < n_want && has_others_waiting(s)) {
		sender_settle(s);
		return n_sent;
	}
	struct attempts_counters before, after;
	attempts_get_counters(s->config.attempts, &before);
	size_t n_got = n_max ? attempts_next(s->config.attempts, now_ns, s->batch, n_max) : 0;
	attempts_get_counters(s->config.attempts, &after);
	size_t n_firsts = (size_t)(after.n_first - before.n_first);
	counters_add(s->config.counters, COUNTER_targets_taken, n_firsts);
	send_syns(s, s->batch, n_got, n_got - n_firsts, true, now_ns);
	return n_sent + n_got;
}

bool sender_is_generator_empty(const struct sender *s)
{
	enum targets_status status = attempts_status(s->config.attempts);
	return status == TARGETS_END || status == TARGETS_ERROR;
}

/* May main still find that something was lost? */
static bool is_lingering(const struct sender *s, int64_t now_ns)
{
	return now_ns < s->held_until_ns || now_ns - s->last_syn_ns < s->config.linger_ns;
}

bool sender_is_generator_done(const struct sender *s, int64_t now_ns)
{
	if (s->aborted_at_ns)
		return true;
	if (onlink_count_parked(s->onlink) > 0)
		return false;
	return s->is_stopped || (sender_is_generator_empty(s) && !is_lingering(s, now_ns));
}
