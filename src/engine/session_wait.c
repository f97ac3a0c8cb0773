/* session_wait: finished sessions whose record waits: for the verdict on their host, for room to test
 * it, for other sessions of the host that may yet make it suspicious, for the verdict on their
 * prefix. So that the order of arrivals is not in the records. Bounded in number (the oldest gives
 * way) and in time. Receiver thread. Source: DESIGN.md section 4. */
#include "engine/session.h"

#include "base/clock.h"

#define ROOM_NS    (10 * NS_PER_SEC) /* how long room for a host test is waited for */
#define RECHECK_NS (200 * NS_PER_MS)

/* Waits of this kind may be cut short: the record then says less, not other. */
static bool is_held(const struct session *session)
{
	return session->wait == WAIT_SIBLINGS || session->wait == WAIT_PREFIX;
}

/* A long result is as scarce as this many short ones. */
enum { LONG_WEIGHT = 4 };

static size_t weight_of(const struct session *session)
{
	return session->kept && session->kept->room > RESULT_DATA_SHORT ? LONG_WEIGHT : 1;
}

static void held_push(struct engine *engine, struct session *session)
{
	session->parked.held_prev = engine->held_last;
	session->parked.held_next = NULL;
	if (engine->held_last)
		engine->held_last->parked.held_next = session;
	else
		engine->held_first = session;
	engine->held_last = session;
	engine->held_weight += weight_of(session);
}

static void held_remove(struct engine *engine, struct session *session)
{
	if (session->parked.held_prev)
		session->parked.held_prev->parked.held_next = session->parked.held_next;
	else
		engine->held_first = session->parked.held_next;
	if (session->parked.held_next)
		session->parked.held_next->parked.held_prev = session->parked.held_prev;
	else
		engine->held_last = session->parked.held_prev;
	engine->held_weight -= weight_of(session);
}

void session_unpark(struct engine *engine, struct session *session)
{
	if (session->wait == WAIT_NONE)
		return;
	if (is_held(session))
		held_remove(engine, session);
	*session->parked.pprev_waiting = session->parked.next_waiting;
	if (session->parked.next_waiting)
		session->parked.next_waiting->parked.pprev_waiting = session->parked.pprev_waiting;
	session->wait = WAIT_NONE;
	wheel_disarm(&engine->wheel, &session->timer);
}

bool session_release_held(struct engine *engine)
{
	struct session *oldest = engine->held_first;
	if (!oldest)
		return false;
	counters_add(engine->counters, COUNTER_records_unheld, 1);
	session_unpark(engine, oldest);
	session_emit(engine, oldest);
	return true;
}

/* Puts a finished session on list; at_ns: when to look again, 0: somebody will say. */
static void park(struct engine *engine, struct session *session, enum session_wait why,
    struct session **list, int64_t at_ns)
{
	session->wait = why & 7;
	session->parked.next_waiting = *list;
	session->parked.pprev_waiting = list;
	if (*list)
		(*list)->parked.pprev_waiting = &session->parked.next_waiting;
	*list = session;
	if (at_ns)
		wheel_arm(&engine->wheel, &session->timer, at_ns);
	if (!is_held(session))
		return;
	held_push(engine, session);
	while (engine->held_weight > engine->config.max_held)
		session_release_held(engine);
}

/* May another session of the host still make it suspicious? */
static bool has_siblings(struct engine *engine, struct session *session, int64_t now_ns)
{
	if (session->parked.hold_until == 0)
		session->parked.hold_until = now_ns + engine->config.hold_ns;
	if (session->host->n_running > 0)
		return true;
	return now_ns < session->parked.hold_until && !engine->is_ending;
}

/* Must the record wait for its host? Parks the session when it must. */
static bool wait_for_host(struct engine *engine, struct session *session, int64_t now_ns)
{
	struct host *host = session->host;
	if (!host || engine->config.n_hyperack == 0)
		return false;
	enum host_need need = host_test_ask(engine, session, now_ns);
	switch (need) {
	case HOST_NEEDS_VERDICT:
		park(engine, session, WAIT_VERDICT, &host->waiting, 0);
		return true;
	case HOST_NEEDS_ROOM:
		if (session->parked.room_until == 0)
			session->parked.room_until = now_ns + ROOM_NS;
		if (now_ns >= session->parked.room_until)
			return false;
		park(engine, session, WAIT_ROOM, &host->waiting, now_ns + RECHECK_NS);
		return true;
	case HOST_NEEDS_NOTHING:
		return false;
	case HOST_UNSUSPICIOUS:
		break;
	}
	if (engine->config.max_held == 0 || !has_siblings(engine, session, now_ns))
		return false;
	int64_t at_ns = now_ns + RECHECK_NS;
	park(engine, session, WAIT_SIBLINGS, &host->waiting,
	    at_ns > session->parked.hold_until ? at_ns : session->parked.hold_until);
	return true;
}

void session_settle(struct engine *engine, struct session *session, int64_t now_ns)
{
	if (!engine->is_aborting) {
		if (wait_for_host(engine, session, now_ns))
			return;
		struct prefix *prefix =
		    engine->config.max_held ? prefix_test_pending(engine, session) : NULL;
		if (prefix) {
			park(engine, session, WAIT_PREFIX, &prefix->waiting, 0);
			return;
		}
	}
	session_emit(engine, session);
}

void session_settle_all(struct engine *engine, struct session **list, int64_t now_ns)
{
	while (*list) {
		struct session *session = *list;
		session_unpark(engine, session);
		session_settle(engine, session, now_ns);
	}
}

void session_settle_held(struct engine *engine, int64_t now_ns)
{
	struct session *end = engine->held_last;
	while (engine->held_first) {
		struct session *session = engine->held_first;
		bool is_last = session == end;
		session_unpark(engine, session);
		session_settle(engine, session, now_ns);
		if (is_last)
			break;
	}
}
