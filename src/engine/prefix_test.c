/* prefix_test: asks whether the prefix of a responsive IPv6 address answers everywhere: one scout, and
 * only when it is answered the rest of the 16 sub-prefixes, in rounds, because packets are lost. A scout
 * without an answer costs one packet; the next target that answers in the prefix sends another, up to
 * PREFIX_SCOUTS. One test a prefix, at most PREFIX_TESTS_MAX in a scan. IPv4 /24s are counted, which
 * costs no packet. Records wait for the verdict (session_wait.c). Receiver thread.
 * Sources: Gasser et al., IMC 2018, section 5; Sattler et al., CoNEXT 2023. */
#include "engine/session.h"

#include "base/dassert.h"

enum {
	ALL_ANSWERED = (1 << PREFIX_FANOUT) - 1,
	WORTH_ASKING_AGAIN = 11, /* so many answers: the missing ones may be lost packets */
	ROUNDS_MAX = 4,
};

static bool ask(struct engine *engine, struct prefix *prefix, unsigned i, int64_t now_ns)
{
	struct ipaddr addr = prefix_address(engine->prefixes, prefix, i);
	if (engine->ops->may_probe && !engine->ops->may_probe(engine->ctx, &addr))
		return false;
	prefix->n_pending++;
	if (session_open_prefix(engine, prefix, (uint8_t)i, &addr, now_ns))
		return true;
	prefix->n_pending--;
	return false;
}

static void ask_missing(struct engine *engine, struct prefix *prefix, int64_t now_ns)
{
	for (unsigned i = 0; i < PREFIX_FANOUT; i++) {
		if (!(prefix->answered & 1u << i))
			ask(engine, prefix, i, now_ns);
	}
}

static void judge(struct engine *engine, struct prefix *prefix)
{
	prefix->state = PREFIX_JUDGED;
	prefix->is_aliased = prefix->answered == ALL_ANSWERED;
	if (prefix->is_aliased)
		counters_add(engine->counters, COUNTER_prefixes_aliased, 1);
}

/* A round is over: what next? A loop, because a round may end before its last question is out. */
static void advance(struct engine *engine, struct prefix *prefix, int64_t now_ns)
{
	while (prefix->n_pending == 0 &&
	       (prefix->state == PREFIX_SCOUTING || prefix->state == PREFIX_TESTING)) {
		int n_answered = __builtin_popcount(prefix->answered);
		if (n_answered == 0) {
			prefix->state = PREFIX_DOUBTED;
			break;
		}
		bool is_over = prefix->state == PREFIX_TESTING &&
			       (n_answered == PREFIX_FANOUT || n_answered < WORTH_ASKING_AGAIN ||
				   prefix->n_rounds >= ROUNDS_MAX);
		if (is_over) {
			judge(engine, prefix);
			break;
		}
		prefix->state = PREFIX_TESTING;
		prefix->n_rounds++;
		/* One more than are pending, so that one that ends at once does not end the round. */
		prefix->n_pending++;
		ask_missing(engine, prefix, now_ns);
		prefix->n_pending--;
	}
	if (prefix->n_pending == 0)
		session_settle_all(engine, &prefix->waiting, now_ns);
}

static void scout(struct engine *engine, struct prefix *prefix, uint16_t port, int64_t now_ns)
{
	/* Sub-prefixes far from each other, the first chosen by the prefix itself. */
	unsigned first = prefix->addr.b[7] % PREFIX_FANOUT;
	unsigned i =
	    (first + prefix->n_scouts * (unsigned)PREFIX_FANOUT / PREFIX_SCOUTS) % PREFIX_FANOUT;
	prefix->port = port;
	prefix->n_scouts++;
	prefix->state = PREFIX_SCOUTING;
	prefix->n_pending++;
	ask(engine, prefix, i, now_ns);
	prefix->n_pending--;
	advance(engine, prefix, now_ns);
}

void prefix_test_note(struct engine *engine, const struct session *session, int64_t now_ns)
{
	const struct ipaddr *addr = &session->flow.raddr;
	if (ipaddr_is_v4(addr)) {
		prefix_table_count_v4(engine->prefixes, addr, session->flow.rport);
		return;
	}
	for (int i = 0; i < engine->config.n_alias_lengths; i++) {
		bool is_new;
		struct prefix *prefix = prefix_table_get(
		    engine->prefixes, addr, engine->config.alias_lengths[i], &is_new);
		if (!prefix)
			counters_add(engine->counters, COUNTER_prefixes_untested, 1);
		if (prefix && prefix->state == PREFIX_DOUBTED && prefix->n_scouts < PREFIX_SCOUTS)
			scout(engine, prefix, session->flow.rport, now_ns);
	}
}

struct prefix *prefix_test_pending(const struct engine *engine, const struct session *session)
{
	const struct ipaddr *addr = &session->flow.raddr;
	if (ipaddr_is_v4(addr))
		return NULL;
	for (int i = 0; i < engine->config.n_alias_lengths; i++) {
		struct prefix *prefix =
		    prefix_table_find(engine->prefixes, addr, engine->config.alias_lengths[i]);
		if (prefix && prefix->n_pending > 0)
			return prefix;
	}
	return NULL;
}

bool prefix_test_is_aliased(const struct engine *engine, const struct session *session)
{
	const struct ipaddr *addr = &session->flow.raddr;
	if (ipaddr_is_v4(addr))
		return prefix_table_is_dense(engine->prefixes, addr, session->flow.rport);
	for (int i = 0; i < engine->config.n_alias_lengths; i++) {
		const struct prefix *prefix =
		    prefix_table_find(engine->prefixes, addr, engine->config.alias_lengths[i]);
		if (prefix && prefix->is_aliased)
			return true;
	}
	return false;
}

void prefix_test_note_end(
    struct engine *engine, struct prefix *prefix, uint8_t sub, bool is_answered, int64_t now_ns)
{
	dassert(prefix->n_pending > 0);
	prefix->asked |= (uint16_t)(1u << sub);
	if (is_answered)
		prefix->answered |= (uint16_t)(1u << sub);
	prefix->n_pending--;
	if (!engine->is_aborting)
		advance(engine, prefix, now_ns);
}
