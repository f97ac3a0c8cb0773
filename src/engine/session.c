/* session: the life of one target that answered: connections in the order of the plan and the data
 * they bring. Its end is in session_end.c. Receiver thread; no allocation, no system call; everything that
 * leaves goes through engine_ops. Sources: DESIGN.md sections 2 and 4; LZR (USENIX Security 2021). */
#include "engine/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/dassert.h"

#define SUSPECT_AFTER_NS                                                                           \
	(2 * NS_PER_SEC) /* acknowledged and silent so long: test the host meanwhile */
/* A random port that has not answered so long says no. Twice RFC 6298's first timeout, for hosts that
 * are slow and a machine that is busy: waiting costs no packet. */
#define TEST_RTO_US      UINT32_C(2000000)
#define DUE_AHEAD_MAX_NS (3 * NS_PER_SEC)
enum {
	TEST_SYNS = 2,    /* to a random port, at most */
	FLOW_TRIES = 16,  /* for a source port that was not used before */
	ROOM_FACTOR = 3,  /* a table this many times a host test keeps room for one */
	STARVED_MAX = 8,  /* segments refused for want of room that prolong patience */
	RX_WINDOW = 8192, /* what we let a peer send unacknowledged: twice what is kept */
	SYN_WINDOW = 64240,
};

static uint16_t advertised_window(const struct engine *engine, const struct session *session)
{
	int shift = session->conn.has_wscale ? engine->config.wscale : 0;
	return (uint16_t)(RX_WINDOW >> shift);
}

static void count_sent(struct engine *engine, const struct session *session, uint16_t len)
{
	if (session->kind == SESSION_HOST_TEST)
		counters_add(engine->counters, COUNTER_hyperack_probes, 1);
	else if (session->kind == SESSION_PREFIX)
		counters_add(engine->counters, COUNTER_alias_probes, 1);
	if (len && session->conn.n_tries)
		counters_add(engine->counters, COUNTER_retransmits_sent, 1);
}

static void send_action(
    struct engine *engine, struct session *session, const struct action *a, int64_t now_ns)
{
	struct tx_req req = {
	    .flow = session->flow,
	    .seq = a->send.seq,
	    .ack = a->send.ack,
	    .tsecr = session->conn.ts_recent,
	    .probe_id = a->send.len ? session->probe_id : SIG_PROBE_NONE,
	    .probe_off = a->send.off,
	    .payload_len = a->send.len,
	    .window = a->send.flags & TCP_SYN ? SYN_WINDOW : advertised_window(engine, session),
	    .flags = a->send.flags,
	    .kind = TX_REQ_SEGMENT,
	    .has_ts = session->conn.has_ts && !(a->send.flags & TCP_SYN),
	};
	if (engine->ops->send(engine->ctx, &req)) {
		count_sent(engine, session, a->send.len);
		if (a->send.flags & TCP_RST)
			ended_note(engine->ended, conn_table_hash(engine->conns, &session->flow),
			    session->conn.rtt_us, now_ns);
		return;
	}
	counters_add(engine->counters, COUNTER_tx_ring_full, 1);
	if (a->send.len || a->send.flags & TCP_SYN)
		conn_note_unsent(&session->conn, now_ns);
}

void session_send_stray(struct engine *engine, const struct flow *flow, uint32_t seq, uint8_t flags)
{
	struct tx_req req = {.flow = *flow,
	    .seq = seq,
	    .probe_id = SIG_PROBE_NONE,
	    .flags = flags,
	    .kind = TX_REQ_SEGMENT};
	if (!engine->ops->send(engine->ctx, &req))
		counters_add(engine->counters, COUNTER_tx_ring_full, 1);
}

static void arm(struct engine *engine, struct session *session)
{
	int64_t at = conn_deadline(&session->conn);
	int64_t suspect_at = session_get_suspect_ns(session);
	if (suspect_at && (at == 0 || suspect_at < at))
		at = suspect_at;
	if (at)
		wheel_arm(&engine->wheel, &session->timer, at);
	else
		wheel_disarm(&engine->wheel, &session->timer);
}

/* ---- making and freeing ---- */

static struct session *session_create(struct engine *engine, enum session_kind kind)
{
	struct session *session = pool_take(engine->sessions);
	if (!session)
		return NULL;
	memset(session, 0, sizeof(*session));
	session->kind = kind & 3;
	session->mark = engine->mark;
	engine->n_target += kind == SESSION_TARGET;
	counters_set(engine->counters, COUNTER_sessions_open, pool_get_used(engine->sessions));
	return session;
}

/* Is there a place besides those that are kept for a host test? Sessions may fill the table while they
 * wait for verdicts: there must be room to reach one. */
static bool has_room(const struct engine *engine)
{
	size_t capacity = pool_get_capacity(engine->sessions);
	size_t n_kept = engine->config.n_hyperack;
	if (capacity < ROOM_FACTOR * n_kept)
		n_kept = 0;
	return capacity - pool_get_used(engine->sessions) > n_kept;
}

void session_leave_table(struct engine *engine, struct session *session)
{
	if (session->is_in_table)
		conn_table_remove(engine->conns, &session->flow);
	session->is_in_table = false;
}

static bool enter_table(struct engine *engine, struct session *session)
{
	uint32_t handle = (uint32_t)pool_index_of(engine->sessions, session);
	session->is_in_table = conn_table_insert(engine->conns, &session->flow, handle);
	return session->is_in_table;
}

void session_free(struct engine *engine, struct session *session)
{
	session_leave_table(engine, session);
	wheel_disarm(&engine->wheel, &session->timer);
	if (session->collecting)
		engine->ops->result_drop(engine->ctx, session->collecting);
	if (session->kept)
		engine->ops->result_drop(engine->ctx, session->kept);
	if (session->host)
		session->host->n_sessions--;
	if (session->host && session->is_running)
		session->host->n_running--;
	if (session->kind == SESSION_TARGET) {
		engine->n_target--;
		engine->n_marked -= session->mark != engine->mark;
	}
	if (session->evidence.has_long_options)
		pool_return(engine->long_options,
		    pool_get(engine->long_options, session->evidence.long_options));
	session->kind = SESSION_KIND_COUNT;
	pool_return(engine->sessions, session);
	counters_set(engine->counters, COUNTER_sessions_open, pool_get_used(engine->sessions));
}

/* ---- connections ---- */

/* Prepares the connection of the current step; the SYN of later ones is not sent yet. */
static void prepare_conn(struct engine *engine, struct session *session, uint32_t iss)
{
	uint16_t wait_ms = 0;
	session->probe_id = SIG_PROBE_NONE;
	if (session->kind == SESSION_HOST_TEST) {
		session->probe_id = engine->test_probe_id;
	} else if (session->kind == SESSION_TARGET && session->step < session->plan->n_steps) {
		session->probe_id = session->plan->steps[session->step].probe_id;
		wait_ms = session->plan->steps[session->step].wait_ms;
	}
	size_t len = 0;
	if (session->probe_id != SIG_PROBE_NONE && !engine->config.is_replay)
		len = sig_set_get_probe(engine->set, session->probe_id)->len;
	conn_init(&session->conn, iss, (uint16_t)len, wait_ms);
}

/* Chooses a source port for the current step that no earlier connection to the target had, so that
 * late segments of those cannot be taken for its own. With a single source port there is no choice. */
static void pick_flow(
    const struct engine *engine, const struct session *session, struct cookie *out)
{
	struct target target = {session->flow.raddr, session->flow.rport};
	for (unsigned i = 0; i < FLOW_TRIES; i++) {
		unsigned n = COOKIE_SESSION_BASE * (i + 1) + session->step;
		cookie_make(&engine->config.cookie, &target, (uint16_t)n, out);
		bool is_used = out->flow.lport == session->flow.lport ||
			       out->flow.lport == session->first_lport ||
			       conn_table_lookup(engine->conns, &out->flow) != CONN_NONE;
		if (!is_used)
			return;
	}
}

bool session_connect(struct engine *engine, struct session *session, int64_t now_ns)
{
	int64_t rtt_us = session->evidence.rtt_us;
	struct cookie cookie;
	session_leave_table(engine, session);
	if (!engine->ops->connect)
		pick_flow(engine, session, &cookie);
	else if (!engine->ops->connect(engine->ctx, &session->flow, &cookie))
		return false;
	session->flow = cookie.flow;
	if (!enter_table(engine, session))
		return false;
	prepare_conn(engine, session, cookie.iss);
	if (session->kind != SESSION_TARGET)
		session->conn.rto_us = TEST_RTO_US;
	if (session->kind == SESSION_HOST_TEST)
		session->conn.n_syns = TEST_SYNS;
	if (session->kind == SESSION_PREFIX)
		session->conn.n_syns = 1; /* the test has rounds of its own */
	if (session->kind != SESSION_PREFIX && rtt_us > 0 && 3 * rtt_us > session->conn.rto_us)
		session->conn.rto_us = (uint32_t)(3 * rtt_us);
	struct event event = {.kind = EVENT_OPEN};
	session_step(engine, session, &event, now_ns);
	return true;
}

/* There is a place for every session. */
static void keep_options(struct engine *engine, struct session_evidence *e, const struct segment *s)
{
	e->tcp_options_len = s->options_len;
	e->has_long_options = s->options_len > SESSION_OPTIONS_MAX;
	uint8_t *place = e->tcp_options;
	if (e->has_long_options) {
		place = pool_take(engine->long_options);
		assert(place);
		e->long_options = (uint32_t)pool_index_of(engine->long_options, place);
	}
	memcpy(place, s->options, s->options_len);
}

/* When the SYN was sent that this answers, as far as the peer says: it may say what it likes. */
static void note_contact(struct engine *engine, const struct segment *s, int64_t now_ns)
{
	if (!engine->config.contacts || !s->has_ts)
		return;
	int64_t rtt_ns = (int32_t)((uint32_t)(now_ns / NS_PER_US) - s->tsecr) * NS_PER_US;
	delivery_note(
	    engine->config.contacts, rtt_ns > 0 ? now_ns - rtt_ns : now_ns, now_ns, false);
}

void session_tell_answered(struct engine *engine, const struct flow *flow)
{
	struct tx_req note = {.flow = *flow, .kind = TX_REQ_ANSWERED, .probe_id = SIG_PROBE_NONE};
	if (!engine->ops->send(engine->ctx, &note))
		counters_add(engine->counters, COUNTER_tx_ring_full, 1);
}

void session_open_target(struct engine *engine, const struct segment *s, uint32_t iss,
    int64_t sent_ns, int64_t now_ns, int64_t wall_ns)
{
	struct target target = {s->flow.raddr, s->flow.rport};
	while (!has_room(engine) && session_release_held(engine))
		continue;
	struct session *session = has_room(engine) ? session_create(engine, SESSION_TARGET) : NULL;
	if (!session) {
		counters_add(engine->counters, COUNTER_sessions_refused, 1);
		return;
	}
	session->flow = s->flow;
	session->first_lport = s->flow.lport;
	session->plan = sig_planner_get(engine->planner, target.port);
	if (!enter_table(engine, session)) {
		session_free(engine, session);
		counters_add(engine->counters, COUNTER_sessions_refused, 1);
		return;
	}
	seen_add(engine->seen, &target);
	counters_add(engine->counters, COUNTER_sessions_opened, 1);
	struct session_evidence *e = &session->evidence;
	e->ttl = s->ttl;
	e->window = s->window;
	keep_options(engine, e, s);
	e->is_decoy = s->window == 0 && s->options_len == 0;
	e->synack_wall_ns = wall_ns;
	e->rtt_us = -1;
	host_test_note_port(engine, session);
	prefix_test_note(engine, session, now_ns);
	if (engine->config.n_attempts > 1 || engine->config.tells_answered)
		session_tell_answered(engine, &s->flow);
	note_contact(engine, s, now_ns);
	prepare_conn(engine, session, iss);
	session->conn.sent_ns = sent_ns;
	struct event event = {.kind = EVENT_SEGMENT, .segment = s};
	session_step(engine, session, &event, now_ns);
}

bool session_open_test(struct engine *engine, struct host *host, uint16_t port, int64_t now_ns)
{
	struct session *session = session_create(engine, SESSION_HOST_TEST);
	if (!session)
		return false;
	session->flow.raddr = host->addr;
	session->flow.rport = port;
	session->host = host;
	session->evidence.rtt_us = host->rtt_us;
	host->n_sessions++;
	if (session_connect(engine, session, now_ns))
		return true;
	session_free(engine, session);
	return false;
}

bool session_open_prefix(struct engine *engine, struct prefix *prefix, uint8_t sub,
    const struct ipaddr *addr, int64_t now_ns)
{
	struct session *session = has_room(engine) ? session_create(engine, SESSION_PREFIX) : NULL;
	if (!session)
		return false;
	session->flow.raddr = *addr;
	session->flow.rport = prefix->port;
	session->prefix = prefix;
	session->sub_prefix = sub;
	if (session_connect(engine, session, now_ns))
		return true;
	session_free(engine, session);
	return false;
}

/* ---- data ---- */

/* Counts connections by when an answer to their first data was due. Of a target the first one: later ones ask
 * those that kept silent, so that at the end of a scan, when no others are left, all servers would seem to have
 * fallen behind. A peer that lies about the round trip (its echo of our timestamp) gets no further into the
 * future than honest ones: what is noted there takes the place of what is old. */
static void note_due(
    struct engine *engine, const struct session *session, unsigned n_acked, unsigned n_said)
{
	const struct conn *conn = &session->conn;
	int64_t rtt_ns = conn->rtt_us > 0 ? conn->rtt_us * NS_PER_US : 0;
	if (rtt_ns > DUE_AHEAD_MAX_NS)
		rtt_ns = DUE_AHEAD_MAX_NS;
	if (engine->config.said && session->kind == SESSION_TARGET && session->step == 0)
		delivery_note_many(
		    engine->config.said, conn->data_sent_ns + rtt_ns, n_acked, n_said);
}

void session_match(struct engine *engine, struct session *session)
{
	struct result *result = session->collecting;
	const struct conn *conn = &session->conn;
	/* What the verdict rests on besides the bytes does not change once there are some. */
	if (result->data_len == conn->rx_len)
		return;
	bool is_unprovoked = conn->is_server_first || session->probe_id == SIG_PROBE_NONE;
	const struct sig_probe *probe = NULL;
	if (conn->is_data_sent && session->probe_id != SIG_PROBE_NONE)
		probe = sig_set_get_probe(engine->set, session->probe_id);
	struct sig_input input = {
	    .bytes = result->data,
	    .len = conn->rx_len,
	    .probe = probe,
	    .is_server_first = is_unprovoked,
	    .port = session->flow.rport,
	};
	bool is_first = result->data_len == 0;
	result->data_len = conn->rx_len;
	result->is_server_first = is_unprovoked;
	result->probe_id = is_unprovoked ? SIG_PROBE_NONE : session->probe_id;
	/* Time stamps of capture and of our sending may cross. */
	int64_t response_ns = conn->first_data_ns - conn->data_sent_ns;
	result->response_ns = response_ns > 0 ? response_ns : 0;
	if (is_first && !is_unprovoked)
		note_due(engine, session, 0, 1);
	recall_match(engine->recall, engine->set, engine->scratch, &input, &result->verdict);
}

/* How many bytes the peer has said when this segment is taken in, as far as they are kept. */
static size_t reach(const struct conn *conn, const struct segment *s)
{
	/* A SYN-ACK brings the first of them: only then is irs not known yet. */
	int64_t base = conn->state == CONN_SYN_SENT ? 0 : (int32_t)(s->seq - (conn->irs + 1));
	int64_t end = base + s->payload_len;
	return end < 0 ? 0 : end > RESULT_DATA_MAX ? RESULT_DATA_MAX : (size_t)end;
}

/* Finds data a place to go, or a larger one. */
static bool find_place(struct engine *engine, struct session *session, const struct segment *s)
{
	if (!session->collecting) {
		session->collecting = engine->ops->result_try(engine->ctx);
		if (!session->collecting)
			return false;
		session->collecting->data_len = 0;
	}
	if (reach(&session->conn, s) <= session->collecting->room)
		return true;
	struct result *larger = engine->ops->result_grow(engine->ctx, session->collecting);
	if (larger)
		session->collecting = larger;
	return larger != NULL;
}

/* Has data a place to go? False: none now; the peer will send it again, and has the time to. */
static bool ready_for_data(
    struct engine *engine, struct session *session, const struct segment *s, int64_t now_ns)
{
	if (!s->payload_len || session->kind == SESSION_HOST_TEST || find_place(engine, session, s))
		return true;
	if (session->n_starved < STARVED_MAX && session->conn.state == CONN_ESTABLISHED) {
		session->n_starved++;
		conn_time_t until = conn_time_at(now_ns + engine->config.conn.timeout_ns);
		if ((int32_t)(session->conn.patience_at - until) < 0)
			session->conn.patience_at = until;
	}
	return false;
}

/* ---- driving the connection ---- */

/* One SYN, one answer: a SYN-ACK of a prefix is reset at once and counted. */
static bool is_prefix_answer(const struct session *session, const struct event *event)
{
	if (session->kind != SESSION_PREFIX || event->kind != EVENT_SEGMENT)
		return false;
	const struct segment *s = event->segment;
	return (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) &&
	       s->ack == session->conn.iss + 1;
}

/* Carries out actions; true when the connection ended (and the session may be gone). */
static bool act(
    struct engine *engine, struct session *session, const struct actions *actions, int64_t now_ns)
{
	for (int i = 0; i < actions->n; i++) {
		const struct action *a = &actions->v[i];
		switch (a->kind) {
		case ACTION_SEND:
			send_action(engine, session, a, now_ns);
			break;
		case ACTION_DELIVER:
			if (session->kind == SESSION_HOST_TEST)
				break;
			assert(a->deliver.off + a->deliver.len <= session->collecting->room);
			memcpy(session->collecting->data + a->deliver.off, a->deliver.bytes,
			    a->deliver.len);
			counters_add(engine->counters, COUNTER_data_bytes_received, a->deliver.len);
			break;
		case ACTION_ACKED:
			if (engine->config.delivery)
				delivery_note(engine->config.delivery, session->conn.data_sent_ns,
				    now_ns, a->is_again);
			note_due(engine, session, 1, 0);
			counters_add(engine->counters, COUNTER_data_acked, 1);
			counters_add(engine->counters, COUNTER_data_acked_again, a->is_again);
			if (session->kind == SESSION_HOST_TEST)
				host_test_note_acked(session, now_ns);
			else if (session->host && engine->config.n_hyperack > 0)
				session->suspect_at = conn_time_at(now_ns + SUSPECT_AFTER_NS);
			break;
		case ACTION_FINISH:
			session_conn_ended(engine, session, a->end, now_ns);
			return true;
		case ACTION_KIND_COUNT:
			break;
		}
	}
	return false;
}

/* New in-order data: is it enough? True when the connection ended. */
static bool judge_data(struct engine *engine, struct session *session, int64_t now_ns)
{
	session->suspect_at = 0;
	bool is_settled = true;
	/* What a test is about is the acknowledgement: its order with the data must not matter. */
	if (session->kind == SESSION_HOST_TEST && !conn_is_data_acked(&session->conn))
		return false;
	if (session->kind == SESSION_TARGET) {
		session_match(engine, session);
		is_settled = session->collecting->verdict.is_settled;
	}
	struct event event = {.kind = is_settled ? EVENT_SETTLED : EVENT_MORE};
	struct actions actions;
	fsm_step(&session->conn, &engine->config.conn, &event, now_ns, &actions);
	return act(engine, session, &actions, now_ns);
}

void session_step(
    struct engine *engine, struct session *session, const struct event *event, int64_t now_ns)
{
	if (is_prefix_answer(session, event)) {
		session_send_stray(engine, &session->flow, event->segment->ack, TCP_RST);
		session_end_prefix(engine, session, true, now_ns);
		return;
	}
	struct actions actions;
	struct segment header;
	struct event stripped = *event;
	uint16_t rx_before = session->conn.rx_len;
	if (event->kind == EVENT_SEGMENT &&
	    !ready_for_data(engine, session, event->segment, now_ns)) {
		/* What the header says counts all the same. */
		header = *event->segment;
		header.payload_len = 0;
		header.flags &= (uint8_t)~TCP_FIN;
		stripped.segment = &header;
	}
	bool was_answered = conn_is_syn_acked(&session->conn);
	bool was_acked = conn_is_data_acked(&session->conn);
	fsm_step(&session->conn, &engine->config.conn, &stripped, now_ns, &actions);
	if (session->kind == SESSION_HOST_TEST && !was_answered &&
	    conn_is_syn_acked(&session->conn))
		session->host->evidence.n_synack++;
	if (act(engine, session, &actions, now_ns))
		return;
	bool is_news = session->conn.rx_len > rx_before;
	/* A test may have heard the port speak before its own data was acknowledged. */
	if (session->kind == SESSION_HOST_TEST && session->conn.rx_len > 0 && !was_acked &&
	    conn_is_data_acked(&session->conn))
		is_news = true;
	if (is_news && judge_data(engine, session, now_ns))
		return;
	arm(engine, session);
}

void session_timer(struct engine *engine, struct session *session, int64_t now_ns)
{
	if (session->wait != WAIT_NONE) {
		session_unpark(engine, session);
		session_settle(engine, session, now_ns);
		return;
	}
	if (conn_time_is_due(session->suspect_at, now_ns)) {
		session->suspect_at = 0;
		host_test_suspect(engine, session, now_ns);
	}
	int64_t at = conn_deadline(&session->conn);
	if (at == 0 || now_ns < at) {
		arm(engine, session);
		return;
	}
	bool is_hopeless = session->kind == SESSION_HOST_TEST &&
			   session->conn.state == CONN_SYN_SENT && !host_test_may_retry(session);
	if (is_hopeless)
		session->conn.n_tries = UINT8_MAX;
	struct event event = {.kind = EVENT_TIMER};
	session_step(engine, session, &event, now_ns);
}
