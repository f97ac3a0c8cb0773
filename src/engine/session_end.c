/* session_end: how connections and sessions end, and the one record that stays. Receiver thread; no
 * allocation, no system call. Sources: DESIGN.md sections 2 and 4; LZR (USENIX Security 2021). */
#include "engine/session.h"

#include <string.h>

#include "base/clock.h"

/* Which outcome says more, when several connections brought no data? */
static void note_outcome(struct session_evidence *e, enum outcome outcome)
{
	bool is_better =
	    !e->has_outcome || (e->outcome == OUTCOME_NO_ACK && outcome != OUTCOME_ABORTED);
	if (is_better)
		e->outcome = outcome & 63;
	e->has_outcome = true;
}

static void fill_result(
    const struct engine *engine, const struct session *session, struct result *r)
{
	const struct session_evidence *e = &session->evidence;
	r->target = (struct target){session->flow.raddr, session->flow.rport};
	r->laddr = session->flow.laddr;
	r->lport = session->flow.lport;
	r->synack_wall_ns = e->synack_wall_ns;
	r->rtt_ns = e->rtt_us < 0 ? -1 : e->rtt_us * NS_PER_US;
	r->n_probes_sent = e->n_probes_sent;
	r->ttl = e->ttl;
	r->is_decoy = e->is_decoy;
	r->window = e->window;
	r->unreachable_code = e->unreachable_code;
	r->tcp_options_len = e->tcp_options_len;
	memcpy(r->tcp_options,
	    e->has_long_options ? pool_get(engine->long_options, e->long_options) : e->tcp_options,
	    e->tcp_options_len);
	r->is_pseudo_service = false;
	memset(&r->hyperack, 0, sizeof(r->hyperack));
}

static void fill_host(const struct engine *engine, const struct session *session, struct result *r)
{
	r->is_aliased_prefix = prefix_test_is_aliased(engine, session);
	const struct host *host = session->host;
	if (!host || host->state != HOST_JUDGED)
		return;
	r->hyperack = host->evidence;
	r->is_pseudo_service =
	    r->data_len > 0 && host->n_spoke >= engine->config.hyperack_threshold;
}

/* One record of what is known now; the data kept so far leaves the session. */
static void emit_record(struct engine *engine, struct session *session)
{
	struct result *r = session->kept;
	session->kept = NULL;
	if (!r) {
		r = engine->ops->result_get(engine->ctx);
		r->data_len = 0;
		r->response_ns = -1;
		r->is_server_first = false;
		r->is_truncated = false;
		r->probe_id = SIG_PROBE_NONE;
		memset(&r->verdict, 0, sizeof(r->verdict));
		r->outcome = session->evidence.outcome;
	} else {
		r->outcome = r->verdict.protocol ? OUTCOME_IDENTIFIED : OUTCOME_UNIDENTIFIED;
	}
	fill_result(engine, session, r);
	fill_host(engine, session, r);
	counters_add(engine->counters, COUNTER_results_pushed, 1);
	engine->ops->result_emit(engine->ctx, r);
}

void session_emit(struct engine *engine, struct session *session)
{
	emit_record(engine, session);
	counters_add(engine->counters, COUNTER_sessions_closed, 1);
	session_free(engine, session);
}

bool session_is_silent(const struct session *session)
{
	return !session->kept && session->evidence.outcome == OUTCOME_SILENT;
}

static void complete(struct engine *engine, struct session *session, int64_t now_ns)
{
	session_leave_table(engine, session);
	wheel_disarm(&engine->wheel, &session->timer);
	session->suspect_at = 0;
	if (session->host && session->is_running)
		session->host->n_running--;
	session->is_running = false;
	/* The connection is over, and what it needed is free for the wait. */
	memset(&session->parked, 0, sizeof(session->parked));
	session_settle(engine, session, now_ns);
}

static enum outcome outcome_of(enum conn_end end)
{
	switch (end) {
	case CONN_END_RST:
	case CONN_END_REFUSED:
		return OUTCOME_RESET;
	case CONN_END_FIN:
		return OUTCOME_CLOSED;
	case CONN_END_ZERO_WINDOW:
		return OUTCOME_ZERO_WINDOW;
	case CONN_END_UNREACHABLE:
		return OUTCOME_UNREACHABLE;
	case CONN_END_ABORTED:
		return OUTCOME_ABORTED;
	case CONN_END_NO_ACK:
	case CONN_END_NO_SYNACK:
		return OUTCOME_NO_ACK;
	case CONN_END_SILENT:
	case CONN_END_SETTLED:
	case CONN_END_QUIET:
	case CONN_END_FULL:
	case CONN_END_COUNT:
		break;
	}
	return OUTCOME_SILENT;
}

/* Keeps the better of two answers: a named one beats an unnamed one, else the earlier stays. */
static void keep_data(struct engine *engine, struct session *session)
{
	struct result *new = session->collecting;
	session->collecting = NULL;
	if (!session->kept) {
		session->kept = new;
		return;
	}
	bool is_better = new->verdict.protocol &&
			 (!session->kept->verdict.protocol ||
			     new->verdict.confidence > session->kept->verdict.confidence);
	struct result *loser = is_better ? session->kept : new;
	if (is_better)
		session->kept = new;
	engine->ops->result_drop(engine->ctx, loser);
}

static bool is_named(const struct session *session)
{
	return session->kept && session->kept->verdict.protocol &&
	       !session->kept->verdict.candidates[0];
}

/* Should the plan's next probe be tried after a connection that ended so? */
static bool wants_next(
    const struct engine *engine, const struct session *session, enum conn_end end)
{
	if (session->step + 1 >= session->plan->n_steps)
		return false;
	switch (end) {
	case CONN_END_ZERO_WINDOW:
	case CONN_END_UNREACHABLE:
	case CONN_END_ABORTED:
		return false;
	case CONN_END_NO_SYNACK:
		/* Shunned, most likely: not worth more SYNs, unless every probe is asked for. */
		return engine->config.is_all_probes;
	case CONN_END_REFUSED:
	case CONN_END_SETTLED:
	case CONN_END_QUIET:
	case CONN_END_FULL:
	case CONN_END_FIN:
	case CONN_END_RST:
	case CONN_END_SILENT:
	case CONN_END_NO_ACK:
	case CONN_END_COUNT:
		break;
	}
	return engine->config.is_all_probes || !is_named(session);
}

void session_end_prefix(
    struct engine *engine, struct session *session, bool is_answered, int64_t now_ns)
{
	struct prefix *prefix = session->prefix;
	uint8_t sub = session->sub_prefix;
	session_free(engine, session);
	prefix_test_note_end(engine, prefix, sub, is_answered, now_ns);
}

void session_conn_ended(
    struct engine *engine, struct session *session, enum conn_end end, int64_t now_ns)
{
	const struct conn *conn = &session->conn;
	struct session_evidence *e = &session->evidence;
	if (conn->rtt_us >= 0 && e->rtt_us < 0)
		e->rtt_us = conn->rtt_us;
	if (conn->is_data_sent)
		e->n_probes_sent++;
	if (session->kind == SESSION_HOST_TEST) {
		host_test_note_end(engine, session, now_ns);
		session_free(engine, session);
		return;
	}
	if (session->kind == SESSION_PREFIX) {
		session_end_prefix(engine, session, false, now_ns);
		return;
	}
	if (session->collecting && conn->rx_len > 0) {
		session_match(engine, session);
		session->collecting->is_truncated = end == CONN_END_FULL;
		keep_data(engine, session);
	} else {
		if (session->collecting)
			engine->ops->result_drop(engine->ctx, session->collecting);
		session->collecting = NULL;
		note_outcome(e, outcome_of(end));
	}
	if (!wants_next(engine, session, end)) {
		complete(engine, session, now_ns);
		return;
	}
	/* With --all-probes every connection has a record of its own. */
	if (engine->config.is_all_probes) {
		emit_record(engine, session);
		e->has_outcome = false;
	}
	session->suspect_at = 0;
	session->step++;
	if (!session_connect(engine, session, now_ns))
		complete(engine, session, now_ns);
}
