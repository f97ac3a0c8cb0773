/* sender_syn: first SYNs, and those of later attempts. The sender's thread. Refuses new targets while
 * something downstream is full (the valve), while a queue is stuck, and where tokens are scarce while other
 * senders have packets of open sessions waiting. Sources: DESIGN.md section 2. */
#include "tx/sender_internal.h"

#include <string.h>

#include "wire/form.h"

#define VALVE_NS (100 * NS_PER_US) /* between two looks at what is downstream */

/* What the SYNs of one turn have in common, and how many there are. */
struct turn {
	int64_t now_ns;
	bool is_repeat; /* the SYN to send now */
	uint64_t n_syns, n_repeats, n_gone_back;
	struct form v4, v6; /* of the families that are scanned */
};

/* Fills in all that is no target's own. */
static void fill_forms(const struct sender *s, struct turn *turn)
{
	const struct patch common = {
	    .tsval = (uint32_t)(turn->now_ns / NS_PER_US), .window = 64240, .flags = TCP_SYN};
	if (s->config.v4.link)
		form_fill(link_get_syn(s->config.v4.link), &common, &turn->v4);
	if (s->config.v6.link)
		form_fill(link_get_syn(s->config.v6.link), &common, &turn->v6);
}

/* One SYN, whose cookie is made of hash. */
static void send_syn(struct sender *s, const struct attempt *a, uint64_t hash, struct turn *turn)
{
	const struct ipaddr *raddr = &a->target.addr;
	const struct sender_path *path = sender_path_of(s, raddr);
	struct patch own;
	uint8_t buf[6];
	if (!path->link) {
		counters_add(s->config.counters, COUNTER_family_skipped, !turn->is_repeat);
		return;
	}
	switch (sender_find_mac(s, path, raddr, turn->now_ns, buf, &own.dst_mac)) {
	case HOP_READY:
		break;
	case HOP_PENDING:
		if (onlink_park(s->onlink, &a->target, a->number))
			return;
		/* fall through */
	case HOP_NOWHERE:
		counters_add(s->config.counters, COUNTER_target_skipped, 1);
		return;
	}
	struct cookie cookie;
	cookie_from_hash(&s->config.cookie, &a->target, hash, &cookie);
	own.flow = &cookie.flow;
	own.seq = cookie.iss;
	own.ip_id = (uint16_t)(hash >> 32); /* the bits that the source port does not show */
	struct outbox *box = sender_box_of(s, path);
	uint8_t *frame = sender_next_frame(s, box);
	if (frame)
		sender_finish_frame(s, box, path,
		    form_write(path == &s->config.v4 ? &turn->v4 : &turn->v6, &own, frame));
	else
		counters_add(s->config.counters, COUNTER_send_errors, 1);
	turn->n_syns++;
	turn->n_repeats += turn->is_repeat;
	turn->n_gone_back += turn->is_repeat && a->number == 0;
}

static bool is_spared(const struct sender *s, const struct attempt *a)
{
	struct target host = {a->target.addr, 0};
	return s->has_spared && seen_has(s->spared, &host);
}

/* Sends up to SENDER_BATCH SYNs that have been paid, of which the first n_repeats are not the first to their
 * target. */
static void send_syns(
    struct sender *s, const struct attempt *attempts, size_t n, size_t n_repeats, int64_t now_ns)
{
	uint64_t hashes[SENDER_BATCH];
	struct counters *counters = s->config.counters;
	struct turn turn;
	turn.now_ns = now_ns;
	turn.n_syns = turn.n_repeats = turn.n_gone_back = 0;
	fill_forms(s, &turn);
	cookie_hash(&s->config.cookie, attempts, n, hashes);
	for (size_t i = 0; i < n; i++) {
		turn.is_repeat = i < n_repeats;
		if (is_spared(s, &attempts[i]))
			counters_add(counters, COUNTER_hyperack_spared, 1);
		else
			send_syn(s, &attempts[i], hashes[i], &turn);
	}
	counters_add(counters, COUNTER_syn_sent, turn.n_syns);
	counters_add(counters, COUNTER_syn_repeats, turn.n_repeats);
	counters_add(counters, COUNTER_syn_gone_back, turn.n_gone_back);
	if (s->config.syns && turn.n_syns > 0)
		delivery_note_many(
		    s->config.syns, now_ns, turn.n_syns - turn.n_repeats, turn.n_repeats);
	if (turn.n_syns > 0)
		s->last_syn_ns = now_ns;
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

size_t sender_send_targets(struct sender *s, int64_t now_ns)
{
	size_t n_sent = 0;
	struct attempt parked;
	bool is_failed;
	if (sender_is_stuck(s))
		return 0;
	while (onlink_count_parked(s->onlink) > 0 && sender_pay(s, 1, SENDER_SYN_WIRE, now_ns) &&
	       onlink_take(s->onlink, &parked.target, &parked.number, &is_failed)) {
		if (is_failed)
			counters_add(s->config.counters, COUNTER_target_skipped, 1);
		else
			send_syns(s, &parked, 1, parked.number > 0, now_ns);
		n_sent++;
	}
	if (s->is_stopped || is_valve_closed(s, now_ns))
		return n_sent;
	size_t n_max = sender_pay(s, SENDER_BATCH, SENDER_SYN_WIRE, now_ns);
	if (n_max < SENDER_BATCH && has_others_waiting(s)) {
		sender_settle(s);
		return n_sent;
	}
	struct attempts_counters before, after;
	attempts_get_counters(s->config.attempts, &before);
	size_t n_got = n_max ? attempts_next(s->config.attempts, now_ns, s->batch, n_max) : 0;
	attempts_get_counters(s->config.attempts, &after);
	size_t n_firsts = (size_t)(after.n_first - before.n_first);
	counters_add(s->config.counters, COUNTER_targets_taken, n_firsts);
	send_syns(s, s->batch, n_got, n_got - n_firsts, now_ns);
	return n_sent + n_got;
}

static bool is_generator_empty(const struct sender *s)
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
	return s->is_stopped || (is_generator_empty(s) && !is_lingering(s, now_ns));
}
