/* host_test: tests suspicious hosts for acknowledging everything, at most once each: connections to
 * random ephemeral ports, one data packet on each that opens. Records of the host wait until all
 * test connections have ended (session_wait.c), so that no order of arrivals changes one. Receiver thread.
 * Source: LZR (USENIX Security 2021) section 5.1; DESIGN.md section 4. */
#include "engine/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/dassert.h"

#define SPEAK_WITHIN_NS (1 * NS_PER_SEC) /* after data was acknowledged on a random port */

void host_test_note_port(struct engine *engine, struct session *session)
{
	/* Also when hosts are not judged: fragments are taken from hosts that we talk with. */
	struct host *host = host_table_get(engine->hosts, &session->flow.raddr);
	if (!host)
		return;
	session->host = host;
	host->n_sessions++;
	host->n_running++;
	session->is_running = true;
	if (host->n_ports < UINT16_MAX)
		host->n_ports++;
}

static void convict(struct engine *engine, const struct host *host)
{
	struct tx_req req = {
	    .flow.raddr = host->addr, .kind = TX_REQ_SKIP, .probe_id = SIG_PROBE_NONE};
	counters_add(engine->counters, COUNTER_hyperack_hosts_convicted, 1);
	host_table_note_convict(engine->hosts, host);
	/* When the ring is full the host costs a few more SYNs: nothing is wrong by that. */
	if (engine->config.skips_hyperacktive && !engine->ops->send(engine->ctx, &req))
		counters_add(engine->counters, COUNTER_tx_ring_full, 1);
}

static void judge(struct engine *engine, struct host *host, int64_t now_ns)
{
	host->state = HOST_JUDGED;
	host->evidence.verdict =
	    (uint8_t)middlebox_judge(&host->evidence, engine->config.hyperack_threshold);
	/* Half a test acquits nobody. */
	if (engine->is_aborting && host->evidence.verdict == HYPERACK_NO)
		memset(&host->evidence, 0, sizeof(host->evidence));
	if (host->evidence.verdict == HYPERACK_YES)
		convict(engine, host);
	session_settle_all(engine, &host->waiting, now_ns);
}

static void start(struct engine *engine, struct host *host, int64_t now_ns)
{
	host->state = HOST_TESTING;
	counters_add(engine->counters, COUNTER_hyperack_hosts_tested, 1);
	/* One more than are pending, so that a test that ends at once does not judge too early. */
	host->n_pending = 1;
	for (unsigned i = 0; i < engine->config.n_hyperack; i++) {
		uint16_t port = middlebox_test_port(&engine->config.table_key, &host->addr, i);
		host->n_pending++;
		if (session_open_test(engine, host, port, now_ns))
			host->evidence.n_tested++;
		else
			host->n_pending--;
	}
	host->n_pending--;
}

void host_test_suspect(struct engine *engine, struct session *session, int64_t now_ns)
{
	struct host *host = session->host;
	if (!host || host->state != HOST_UNSUSPECTED || engine->config.n_hyperack == 0)
		return;
	/* A test that is cut short by full tables says nothing: it is asked for again. */
	size_t n_free = pool_get_capacity(engine->sessions) - pool_get_used(engine->sessions);
	if (n_free < engine->config.n_hyperack)
		return;
	if (session->conn.rtt_us > 0)
		host->rtt_us = session->conn.rtt_us;
	start(engine, host, now_ns);
	if (host->n_pending == 0)
		judge(engine, host, now_ns);
}

enum host_need host_test_ask(struct engine *engine, struct session *session, int64_t now_ns)
{
	struct host *host = session->host;
	bool is_suspicious =
	    session_is_silent(session) || host->n_ports >= engine->config.many_ports;
	if (host->state == HOST_UNSUSPECTED && is_suspicious)
		host_test_suspect(engine, session, now_ns);
	switch ((enum host_state)host->state) {
	case HOST_TESTING:
		return HOST_NEEDS_VERDICT;
	case HOST_JUDGED:
		return HOST_NEEDS_NOTHING;
	case HOST_UNSUSPECTED:
	case HOST_STATE_COUNT:
		break;
	}
	if (!is_suspicious)
		return HOST_UNSUSPICIOUS;
	/* A table that can never hold a test judges nobody. */
	bool can_fit = pool_get_capacity(engine->sessions) > engine->config.n_hyperack;
	return can_fit ? HOST_NEEDS_ROOM : HOST_NEEDS_NOTHING;
}

bool host_test_may_retry(const struct session *test)
{
	return test->host->evidence.n_synack > 0;
}

void host_test_note_acked(struct session *test, int64_t now_ns)
{
	test->host->evidence.n_acked_data++;
	/* What is left to learn is whether the port also speaks. */
	conn_time_t until = conn_time_at(now_ns + SPEAK_WITHIN_NS);
	if ((int32_t)(test->conn.patience_at - until) > 0)
		test->conn.patience_at = until;
}

void host_test_note_end(struct engine *engine, struct session *test, int64_t now_ns)
{
	struct host *host = test->host;
	dassert(host && host->state == HOST_TESTING && host->n_pending > 0);
	if (test->conn.rx_len > 0)
		host->n_spoke++;
	if (--host->n_pending == 0)
		judge(engine, host, now_ns);
}
