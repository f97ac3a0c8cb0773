/* engine: events in, messages out. Finds the session an event belongs to, or opens one for a
 * SYN-ACK whose cookie is ours. Receiver thread; allocates only in engine_create.
 * Sources: RFC 9293 section 3.10.7; RFC 4987; DESIGN.md section 2. */
#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/dassert.h"
#include "engine/session.h"
#include "wire/decode.h"

enum {
	CACHE_LINE = 64,
	MAX_SESSIONS = 1 << 24,
	MAX_HYPERACK = 32,
	STRAY_RESETS_PER_SEC = 1000, /* courtesy to peers whose connection we have forgotten */
};

static uint16_t first_probe_with_data(const struct sig_set *set, const struct sig_planner *planner)
{
	/* Port 1 expects nothing in particular: its plan is the general one. */
	const struct sig_plan *plan = sig_planner_get(planner, 1);
	for (int i = 0; i < plan->n_steps; i++) {
		if (sig_set_get_probe(set, plan->steps[i].probe_id)->len > 0)
			return plan->steps[i].probe_id;
	}
	const struct sig_probe *http = sig_set_find_probe(set, "http");
	return http ? http->id : SIG_PROBE_NONE;
}

static bool is_session_of(void *ctx, uint32_t handle, const struct flow *flow)
{
	const struct engine *engine = ctx;
	const struct session *session = pool_get(engine->sessions, handle);
	return memcmp(&session->flow, flow, sizeof(*flow)) == 0;
}

int engine_create(const struct engine_config *config, const struct sig_set *set,
    const struct sig_planner *planner, const struct engine_ops *ops, void *ctx,
    struct counters *counters, int64_t now_ns, struct engine **out)
{
	bool is_judging = config->n_hyperack > 0;
	if (config->max_sessions == 0 || config->max_sessions > MAX_SESSIONS ||
	    config->n_hyperack > MAX_HYPERACK || (is_judging && config->hyperack_threshold == 0) ||
	    (is_judging && config->hyperack_threshold > config->n_hyperack))
		return -EINVAL;
	struct engine *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return -ENOMEM;
	engine->config = *config;
	engine->set = set;
	engine->planner = planner;
	engine->ops = ops;
	engine->ctx = ctx;
	engine->counters = counters;
	engine->test_probe_id = first_probe_with_data(set, planner);
	wheel_init(&engine->wheel, now_ns);
	memo_init(&engine->cookies, &config->cookie.key, sizeof(struct attempt));
	int err = pool_create(sizeof(struct session), config->max_sessions, &engine->sessions);
	if (!err)
		err = pool_create(
		    RESULT_TCP_OPTIONS_MAX, config->max_sessions, &engine->long_options);
	if (!err)
		err = conn_table_create(config->max_sessions, &config->table_key, is_session_of,
		    engine, &engine->conns);
	if (!err)
		err = ended_create(&engine->ended);
	if (!err)
		err = seen_create(config->seen_capacity, &config->table_key, &engine->seen);
	if (!err)
		err = host_table_create(config->max_hosts, &config->table_key, &engine->hosts);
	if (!err)
		err = prefix_table_create(&config->table_key, &engine->prefixes);
	if (!err)
		err = fragments_create(&engine->fragments);
	if (!err)
		err = fragments_create(&engine->strangers);
	if (!err)
		err = sig_scratch_create(set, &engine->scratch);
	if (!err)
		err = recall_create(&engine->recall);
	if (err) {
		engine_destroy(engine);
		return err;
	}
	*out = engine;
	return 0;
}

void engine_destroy(struct engine *engine)
{
	if (!engine)
		return;
	recall_destroy(engine->recall);
	sig_scratch_destroy(engine->scratch);
	fragments_destroy(engine->fragments);
	fragments_destroy(engine->strangers);
	prefix_table_destroy(engine->prefixes);
	host_table_destroy(engine->hosts);
	seen_destroy(engine->seen);
	ended_destroy(engine->ended);
	conn_table_destroy(engine->conns);
	pool_destroy(engine->sessions);
	pool_destroy(engine->long_options);
	free(engine);
}

static struct session *find_session(struct engine *engine, const struct flow *flow)
{
	uint32_t handle = conn_table_lookup(engine->conns, flow);
	return handle == CONN_NONE ? NULL : pool_get(engine->sessions, handle);
}

/* Does the segment acknowledge a first SYN of ours, and nothing else? */
static bool acknowledges_syn(struct engine *engine, const struct segment *s)
{
	for (uint32_t n = 0; n < engine->config.n_attempts; n++) {
		struct attempt attempt = {{s->flow.raddr, s->flow.rport}, (uint16_t)n};
		uint64_t hash = memo_hash(&engine->cookies, &attempt, sizeof(attempt));
		if (cookie_check_hash(&engine->config.cookie, &s->flow, s->ack, hash))
			return true;
	}
	return false;
}

/* Is this the answer to a SYN of ours, and which number did that SYN carry? */
static bool accept_synack(
    struct engine *engine, const struct segment *s, uint32_t *iss, int64_t *sent_ns)
{
	if (engine->ops->accept_synack)
		return engine->ops->accept_synack(engine->ctx, s, iss, sent_ns);
	*iss = s->ack - 1;
	return acknowledges_syn(engine, s);
}

/* A RST outside of all sessions. One that acknowledges our SYN (RFC 9293 section 3.10.7.3) is an answer as good as
 * another: the port is closed, and asked no more. Told only where it would be asked again in any case. */
static void on_refusal(struct engine *engine, const struct segment *s)
{
	bool is_wanted = engine->config.n_attempts > 1 && !engine->ops->accept_synack;
	if (is_wanted && (s->flags & TCP_ACK) && acknowledges_syn(engine, s))
		session_tell_answered(engine, &s->flow);
}

/* Tells a peer that its connection is no more (RFC 9293 section 3.10.7.1), unless a RST is on its way already,
 * and never faster than a bounded rate: strangers must not steer what we send. */
static void reset_stray(struct engine *engine, const struct segment *s, int64_t now_ns)
{
	if (ended_is_recent(engine->ended, conn_table_hash(engine->conns, &s->flow), now_ns))
		return;
	if (now_ns - engine->stray_window_ns >= NS_PER_SEC) {
		engine->stray_window_ns = now_ns;
		engine->n_stray_resets = 0;
	}
	if (engine->n_stray_resets++ < STRAY_RESETS_PER_SEC)
		session_send_stray(engine, &s->flow, s->ack, TCP_RST);
}

static void first_contact(
    struct engine *engine, const struct segment *s, int64_t now_ns, int64_t wall_ns)
{
	uint32_t iss;
	int64_t sent_ns = 0; /* first contacts keep no state: unknown */
	counters_add(engine->counters, COUNTER_synack_received, 1);
	if (!accept_synack(engine, s, &iss, &sent_ns) || s->ack != iss + 1) {
		counters_add(engine->counters, COUNTER_synack_bad_cookie, 1);
		return;
	}
	struct target target = {s->flow.raddr, s->flow.rport};
	if (seen_has(engine->seen, &target)) {
		counters_add(engine->counters, COUNTER_duplicates, 1);
		reset_stray(engine, s, now_ns);
		return;
	}
	session_open_target(engine, s, iss, sent_ns, now_ns, wall_ns);
}

/* What segments of a batch will be looked up in, besides connections. */
struct lookups {
	struct target contacts[ENGINE_PREFETCH_MAX]; /* that may be first ones */
	struct target dense[ENGINE_PREFETCH_MAX];    /* IPv4: counted for its prefix, or asked */
	size_t n_contacts, n_dense;
};

static void add_dense(struct lookups *l, const struct target *target)
{
	if (ipaddr_is_v4(&target->addr))
		l->dense[l->n_dense++] = *target;
}

/* Closed ports and strangers are looked up nowhere. */
static void add_contact(struct lookups *l, const struct segment *s)
{
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != (TCP_SYN | TCP_ACK))
		return;
	struct target target = {s->flow.raddr, s->flow.rport};
	l->contacts[l->n_contacts++] = target;
	add_dense(l, &target);
}

_Static_assert((int)ENGINE_PREFETCH_MAX <= (int)MEMO_LEARN_MAX, "a batch is hashed at once");

/* Three tables, each larger than any cache, and the cookies, of attempt 0 in the hope that no other was
 * needed. */
static void prefetch_lookups(struct engine *engine, const struct lookups *l)
{
	struct ipaddr addrs[ENGINE_PREFETCH_MAX];
	struct attempt attempts[ENGINE_PREFETCH_MAX];
	for (size_t i = 0; i < l->n_contacts; i++) {
		addrs[i] = l->contacts[i].addr;
		attempts[i] = (struct attempt){l->contacts[i], 0};
	}
	seen_prefetch(engine->seen, l->contacts, l->n_contacts);
	host_table_prefetch(engine->hosts, addrs, l->n_contacts);
	prefix_table_prefetch_v4(engine->prefixes, l->dense, l->n_dense);
	if (!engine->ops->accept_synack)
		memo_learn(&engine->cookies, attempts, sizeof(attempts[0]), l->n_contacts);
}

static void prefetch_lines(const void *object, size_t len)
{
	for (size_t off = 0; off < len; off += CACHE_LINE)
		__builtin_prefetch((const uint8_t *)object + off, 1);
}

/* What a session leads to: its neighbours in the wheel, its host, what it has collected. */
static void prefetch_around(const struct session *session)
{
	__builtin_prefetch(session->timer.next, 1);
	__builtin_prefetch(session->timer.pprev, 1);
	__builtin_prefetch(session->host, 1);
	__builtin_prefetch(session->collecting, 1);
}

void engine_prefetch(struct engine *engine, const struct segment *const *segments, size_t n)
{
	const struct session *sessions[ENGINE_PREFETCH_MAX];
	struct flow flows[ENGINE_PREFETCH_MAX];
	struct lookups lookups;
	size_t n_sessions = 0;
	if (n == 0)
		return;
	lookups.n_contacts = lookups.n_dense = 0;
	for (size_t i = 0; i < n; i++)
		flows[i] = segments[i]->flow;
	conn_table_prefetch(engine->conns, flows, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t handle = conn_table_guess(engine->conns, &flows[i]);
		if (handle == CONN_NONE) {
			add_contact(&lookups, segments[i]);
			continue;
		}
		sessions[n_sessions] = pool_get(engine->sessions, handle);
		prefetch_lines(sessions[n_sessions++], sizeof(struct session));
		/* What it says may end its session: the record asks whether its prefix is dense. */
		if (segments[i]->payload_len > 0)
			add_dense(&lookups, &(struct target){flows[i].raddr, flows[i].rport});
	}
	prefetch_lookups(engine, &lookups);
	for (size_t i = 0; i < n_sessions; i++)
		prefetch_around(sessions[i]);
}

void engine_segment(struct engine *engine, const struct segment *s, int64_t now_ns, int64_t wall_ns)
{
	struct session *session = find_session(engine, &s->flow);
	if (s->flags & TCP_RST)
		counters_add(engine->counters, COUNTER_rst_received, 1);
	if (session) {
		if (s->flags & TCP_FIN)
			counters_add(engine->counters, COUNTER_fin_received, 1);
		if ((s->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)) {
			counters_add(engine->counters, COUNTER_synack_received, 1);
			if (session->conn.state == CONN_ESTABLISHED)
				counters_add(engine->counters, COUNTER_duplicates, 1);
		}
		struct event event = {.kind = EVENT_SEGMENT, .segment = s};
		session_step(engine, session, &event, now_ns);
		return;
	}
	uint8_t kind = s->flags & (TCP_SYN | TCP_ACK | TCP_RST);
	if (kind == (TCP_SYN | TCP_ACK)) {
		first_contact(engine, s, now_ns, wall_ns);
		return;
	}
	if (kind == TCP_ACK) {
		/* The tail of a connection that we have ended; only targets that we know get an
		 * answer. */
		struct target target = {s->flow.raddr, s->flow.rport};
		if (seen_has(engine->seen, &target))
			reset_stray(engine, s, now_ns);
		return;
	}
	if (s->flags & TCP_RST)
		on_refusal(engine, s);
	else
		counters_add(engine->counters, COUNTER_foreign_received, 1);
}

/* Is the first piece of a datagram for one of our flows, or the answer to a SYN of ours? */
static bool is_first_piece_ours(struct engine *engine, const struct fragment *f)
{
	enum { PROTO_TCP = 6, TCP_FIXED_LEN = 20 };
	struct cursor c = cursor_make(f->bytes, f->len);
	if (f->off != 0 || f->proto != PROTO_TCP || f->len < TCP_FIXED_LEN)
		return false;
	struct segment s = {.flow = {.laddr = f->dst, .raddr = f->src}};
	s.flow.rport = cursor_be16(&c);
	s.flow.lport = cursor_be16(&c);
	cursor_be32(&c);
	s.ack = cursor_be32(&c);
	cursor_u8(&c);
	s.flags = cursor_u8(&c);
	if (find_session(engine, &s.flow))
		return true;
	uint32_t iss;
	int64_t sent_ns;
	return (s.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) &&
	       !engine->ops->accept_synack && accept_synack(engine, &s, &iss, &sent_ns);
}

/* Where pieces of this datagram are kept. */
static struct fragments *table_of(struct engine *engine, const struct fragment *f)
{
	const struct host *host = host_table_find(engine->hosts, &f->src);
	if (host && host->n_sessions > 0)
		return engine->fragments;
	if (fragments_has(engine->strangers, f))
		return engine->strangers;
	return is_first_piece_ours(engine, f) || fragments_has(engine->fragments, f)
		   ? engine->fragments
		   : engine->strangers;
}

void engine_fragment(
    struct engine *engine, const struct fragment *f, int64_t now_ns, int64_t wall_ns)
{
	counters_add(engine->counters, COUNTER_fragments_received, 1);
	struct fragment whole;
	struct packet packet;
	switch (fragments_add(table_of(engine, f), f, now_ns, &whole)) {
	case FRAGMENT_WHOLE:
		wire_decode_whole(&whole, &packet);
		if (packet.kind != PACKET_TCP) {
			counters_add(engine->counters,
			    packet.kind == PACKET_BAD_CHECKSUM ? COUNTER_checksum_bad
							       : COUNTER_decode_error,
			    1);
			return;
		}
		counters_add(engine->counters, COUNTER_fragments_reassembled, 1);
		engine_segment(engine, &packet.segment, now_ns, wall_ns);
		return;
	case FRAGMENT_REFUSED:
		counters_add(engine->counters, COUNTER_fragments_refused, 1);
		return;
	case FRAGMENT_KEPT:
	case FRAGMENT_FATE_COUNT:
		return;
	}
}

/* Does the error quote a first SYN of ours? Replay has read our SYNs and need not ask. */
static bool is_first_syn(const struct engine *engine, const struct icmp_error *error)
{
	if (engine->ops->accept_synack)
		return true;
	for (uint32_t n = 0; n < engine->config.n_attempts; n++) {
		if (cookie_check(&engine->config.cookie, &error->flow, error->seq + 1, (uint16_t)n))
			return true;
	}
	return false;
}

void engine_icmp(struct engine *engine, const struct icmp_error *error, int64_t now_ns)
{
	struct session *session = find_session(engine, &error->flow);
	if (!session && !is_first_syn(engine, error)) {
		counters_add(engine->counters, COUNTER_foreign_received, 1);
		return;
	}
	/* Only an error about bytes in flight is believed (RFC 5927 section 4.1). */
	if (session && (!seq_le(session->conn.snd_una, error->seq) ||
			   !seq_le(error->seq, session->conn.snd_max)))
		return;
	if (error->mtu) {
		struct event event = {.kind = EVENT_MTU, .mtu = error->mtu};
		if (session)
			session_step(engine, session, &event, now_ns);
		return;
	}
	counters_add(engine->counters, COUNTER_unreachable_received, 1);
	/* RFC 1812 section 5.2.7.1: codes 9, 10, 13; RFC 4443 section 3.1: code 1. */
	bool is_prohibited = error->is_v6
				 ? error->code == 1
				 : error->code == 9 || error->code == 10 || error->code == 13;
	if (is_prohibited)
		counters_add(engine->counters, COUNTER_unreachable_prohibited, 1);
	if (!session)
		return;
	session->evidence.unreachable_code = error->code;
	struct event event = {.kind = EVENT_UNREACHABLE};
	session_step(engine, session, &event, now_ns);
}

void engine_tick(struct engine *engine, int64_t now_ns)
{
	struct wheel_entry *entry;
	_Static_assert(offsetof(struct session, timer) == 0, "an entry is its session");
	while ((entry = wheel_expire(&engine->wheel, now_ns)) != NULL)
		session_timer(engine, (struct session *)(void *)entry, now_ns);
}

void engine_finish(struct engine *engine, int64_t now_ns)
{
	if (engine->is_ending)
		return;
	engine->is_ending = true;
	session_settle_held(engine, now_ns);
}

void engine_abort(struct engine *engine, int64_t now_ns)
{
	engine->is_aborting = true;
	/* A session that ends may end others, but opens none. */
	for (size_t i = 0; i < pool_get_touched(engine->sessions); i++) {
		struct session *session = pool_get(engine->sessions, i);
		if (session->kind == SESSION_KIND_COUNT)
			continue;
		if (session->wait != WAIT_NONE) {
			session_unpark(engine, session);
			session_emit(engine, session);
			continue;
		}
		struct event event = {.kind = EVENT_ABORT};
		session_step(engine, session, &event, now_ns);
	}
	engine->is_aborting = false;
}

const struct host_table *engine_get_hosts(const struct engine *engine)
{
	return engine->hosts;
}

const struct prefix_table *engine_get_prefixes(const struct engine *engine)
{
	return engine->prefixes;
}

size_t engine_count_sessions(const struct engine *engine)
{
	return pool_get_used(engine->sessions);
}

void engine_mark(struct engine *engine)
{
	assert(engine->n_marked == 0);
	engine->mark = !engine->mark;
	engine->n_marked = engine->n_target;
}

size_t engine_count_marked(const struct engine *engine)
{
	return engine->n_marked;
}

void engine_note_sent(struct engine *engine, const struct segment *s, int64_t now_ns)
{
	struct session *session = find_session(engine, &s->flow);
	if (!session || session->conn.state != CONN_ESTABLISHED || s->payload_len == 0)
		return;
	struct conn *conn = &session->conn;
	if (!conn->is_data_sent || s->seq == conn->iss + 1) {
		const struct sig_probe *probe =
		    sig_set_find_probe_bytes(engine->set, s->payload, s->payload_len);
		session->probe_id = probe ? probe->id : SIG_PROBE_NONE;
		conn->data_sent_ns = now_ns;
		conn->data_len = s->payload_len;
		if (session->collecting)
			session->collecting->data_len =
			    0; /* named as the answer to something else */
	}
	conn->is_data_sent = true;
	uint32_t end = s->seq + s->payload_len;
	if (seq_lt(conn->snd_max, end))
		conn->snd_max = conn->snd_nxt = end;
}
