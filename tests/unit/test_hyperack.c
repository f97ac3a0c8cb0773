/* Claims about the test of hosts that acknowledge everything: the verdict depends on the evidence and
 * not on its order, serves the whole host, and never takes a service's name away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/engine_world.h"

enum { TESTS = 5, SILENT_PORT = 1001, SSH_PORT = 1002, SECOND_SILENT_PORT = 1003 };

static struct target host_port(unsigned host, unsigned port)
{
	return (struct target){ipaddr_from_v4(0x0a020000 + host), (uint16_t)port};
}

/* ---- behaviour of whole hosts ---- */

/* Host 1: a firewall that acknowledges everything, SSH behind it. Host 2: a plain host with SSH and a
 * silent port. Host 3: everything sends the same banner. Host 4: SYN-ACKs everywhere, no data ACK. */
static enum peer_kind kind_by_host(const struct target *target)
{
	unsigned host = ipaddr_get_v4(&target->addr) & 0xff;
	if (target->port == SSH_PORT)
		return PEER_SSH;
	switch (host) {
	case 1:
		return PEER_SILENT;
	case 2:
		return target->port < 2000 ? PEER_SILENT : PEER_REFUSING;
	case 3:
		return PEER_JUNK;
	case 4:
		return target->port < 2000 ? PEER_SILENT : PEER_NO_ACK;
	case 5:
		return target->port < 2000 ? PEER_SILENT : PEER_FILTERED;
	default:
		return PEER_REFUSING;
	}
}

static void test_each_kind_of_host_gets_its_verdict(void **state)
{
	(void)state;
	static const struct {
		unsigned host;
		enum hyperack_verdict verdict;
		uint8_t n_tested, n_synack, n_acked;
	} rows[] = {
	    {1, HYPERACK_YES, 5, 5, 5},
	    {2, HYPERACK_NO, 5, 0, 0},
	    {4, HYPERACK_NO, 5, 5, 0},
	    {5, HYPERACK_NO, 5, 0, 0},
	};
	struct engine_config config = world_config();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_create(&config, "auto", i + 1);
		w->kind_of = kind_by_host;
		struct target silent = host_port(rows[i].host, SILENT_PORT);
		struct target ssh = host_port(rows[i].host, SSH_PORT);
		struct target later = host_port(rows[i].host, SECOND_SILENT_PORT);
		world_probe(w, &silent, 0);
		world_run(w, 2500 * NS_PER_MS); /* suspicious by now, and under test */
		world_probe(w, &ssh, 0);
		world_drain(w, 60 * NS_PER_SEC);
		uint64_t n_probes = counters_get(&w->counters, COUNTER_hyperack_probes);
		world_probe(w, &later, 0); /* the verdict is kept and serves it */
		world_run(w, 100 * NS_PER_MS);
		world_drain(w, 60 * NS_PER_SEC);
		assert_int_equal(w->n_records, 3);
		assert_int_equal(counters_get(&w->counters, COUNTER_hyperack_hosts_tested), 1);
		assert_int_equal(counters_get(&w->counters, COUNTER_hyperack_probes), n_probes);
		const struct target *targets[] = {&silent, &ssh, &later};
		for (int t = 0; t < 3; t++) {
			const struct record *r = world_record(w, targets[t]);
			assert_int_equal(r->hyperack.verdict, rows[i].verdict);
			assert_int_equal(r->hyperack.n_tested, rows[i].n_tested);
			assert_int_equal(r->hyperack.n_synack, rows[i].n_synack);
			assert_int_equal(r->hyperack.n_acked_data, rows[i].n_acked);
			assert_false(r->is_pseudo_service);
			if (t == 1) {
				/* A real service keeps its name and carries the verdict. */
				assert_int_equal(r->outcome, OUTCOME_IDENTIFIED);
				assert_string_equal(r->protocol, "ssh");
			} else {
				assert_int_equal(r->outcome, OUTCOME_SILENT);
			}
		}
		world_check_clean(w);
		world_destroy(w);
	}
}

/* A SYN-ACK that takes longer than the first timeout of RFC 6298 is a SYN-ACK all the same. */
static void test_a_slow_host_is_convicted_too(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "auto", 7);
	w->kind_of = kind_by_host;
	w->delay_ns = 600 * NS_PER_MS;
	struct target silent = host_port(1, SILENT_PORT);
	world_probe(w, &silent, 0);
	world_run(w, 2500 * NS_PER_MS);
	world_drain(w, 60 * NS_PER_SEC);
	const struct record *r = world_record(w, &silent);
	assert_int_equal(r->hyperack.verdict, HYPERACK_YES);
	assert_int_equal(r->hyperack.n_synack, 5);
	assert_int_equal(r->hyperack.n_acked_data, 5);
	world_check_clean(w);
	world_destroy(w);
}

static void test_hyperack_0_tests_nobody(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_hyperack = 0;
	config.hyperack_threshold = 0;
	struct world *w = world_create(&config, "auto", 3);
	w->kind_of = kind_by_host;
	struct target silent = host_port(1, SILENT_PORT);
	world_probe(w, &silent, 0);
	world_drain(w, 60 * NS_PER_SEC);
	const struct record *r = world_record(w, &silent);
	assert_int_equal(r->hyperack.verdict, HYPERACK_UNTESTED);
	assert_int_equal(counters_get(&w->counters, COUNTER_hyperack_probes), 0);
	world_check_clean(w);
	world_destroy(w);
}

static void test_many_answering_ports_are_suspicious_without_silence(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.many_ports = 10;
	struct world *w = world_create(&config, "auto", 4);
	w->kind_of = kind_by_host;
	for (unsigned port = 3000; port < 3012; port++) {
		struct target target = host_port(3, port);
		world_probe(w, &target, 0);
	}
	world_run(w, NS_PER_SEC);
	world_drain(w, 60 * NS_PER_SEC);
	assert_int_equal(counters_get(&w->counters, COUNTER_hyperack_hosts_tested), 1);
	for (unsigned port = 3000; port < 3012; port++) {
		struct target target = host_port(3, port);
		const struct record *r = world_record(w, &target);
		assert_int_equal(r->outcome, OUTCOME_UNIDENTIFIED);
		assert_int_equal(r->hyperack.verdict, HYPERACK_YES);
		assert_true(r->is_pseudo_service);
	}
	world_check_clean(w);
	world_destroy(w);
}

/* ---- every order of arrivals ---- */

/* What one test port does, one packet after the other. */
enum step { STEP_SYNACK, STEP_ACK, STEP_DATA, STEP_RST };

struct behaviour {
	int n_steps;
	enum step steps[3];
};

static struct tx_req test_syns[TESTS];
static uint32_t data_sent[TESTS];
static size_t n_tests;
static struct target silent_target;

/* Collects the SYNs to random ports; answers the silent target's own connections. */
static void catch_send(struct world *w, const struct tx_req *req)
{
	(void)w;
	if (req->kind != TX_REQ_SEGMENT || req->flow.rport == silent_target.port)
		return;
	if (req->flags == TCP_SYN) {
		for (size_t i = 0; i < n_tests; i++)
			if (memcmp(&test_syns[i].flow, &req->flow, sizeof(req->flow)) == 0)
				return;
		assert_true(n_tests < TESTS);
		test_syns[n_tests++] = *req;
	}
	for (size_t i = 0; i < n_tests && req->payload_len; i++)
		if (memcmp(&test_syns[i].flow, &req->flow, sizeof(req->flow)) == 0)
			data_sent[i] = req->payload_len;
}

static void do_step(struct world *w, size_t i, enum step step)
{
	static const uint8_t banner[] = "hello from everywhere\r\n";
	enum { PEER_ISS = 500 };
	struct segment s = {.flow = test_syns[i].flow,
	    .seq = PEER_ISS + 1,
	    .ack = test_syns[i].seq + 1,
	    .flags = TCP_ACK,
	    .window = 5000,
	    .mss = 1400,
	    .options = banner,
	    .payload = banner};
	switch (step) {
	case STEP_SYNACK:
		s.seq = PEER_ISS;
		s.flags |= TCP_SYN;
		break;
	case STEP_ACK:
		s.ack += data_sent[i];
		break;
	case STEP_DATA:
		s.payload_len = sizeof(banner) - 1;
		break;
	case STEP_RST:
		s.flags |= TCP_RST;
		break;
	}
	world_inject(w, &s);
}

/* Plays the whole story with the test ports' packets in the given order; returns the one record. */
static struct record play(
    const struct behaviour behaviours[TESTS], const uint8_t *order, size_t n_order, unsigned k)
{
	struct engine_config config = world_config();
	config.hyperack_threshold = k;
	config.seen_capacity = 1024;
	config.max_sessions = 64;
	config.max_hosts = 16;
	/* One world for all orders of one claim would be faster, but this is the honest way. */
	struct world *w = world_create(&config, "http", 1);
	n_tests = 0;
	memset(data_sent, 0, sizeof(data_sent));
	silent_target = host_port(9, SILENT_PORT);
	w->on_send = catch_send;
	struct cookie c;
	cookie_make(&config.cookie, &silent_target, 0, &c);
	struct segment s = {.flow = c.flow,
	    .seq = 7,
	    .ack = c.iss + 1,
	    .flags = TCP_SYN | TCP_ACK,
	    .window = 5000,
	    .mss = 1400,
	    .options = (const uint8_t *)"",
	    .payload = (const uint8_t *)""};
	world_inject(w, &s);
	s.flags = TCP_ACK;
	s.seq = 8;
	/* The last one that was opened. */
	struct session *last =
	    pool_get(w->engine->sessions, pool_get_touched(w->engine->sessions) - 1);
	s.ack = last->conn.snd_max;
	world_inject(w, &s);
	w->now_ns += 5500 * NS_PER_MS; /* silent: the host is tested now */
	engine_tick(w->engine, w->now_ns);
	engine_tick(w->engine, w->now_ns + 4 * NS_PER_MS);
	assert_int_equal(n_tests, TESTS);
	int at[TESTS] = {0};
	for (size_t i = 0; i < n_order; i++) {
		size_t t = order[i];
		w->now_ns += NS_PER_MS;
		do_step(w, t, behaviours[t].steps[at[t]++]);
	}
	for (int i = 0; i < 4000 && engine_count_sessions(w->engine); i++) {
		w->now_ns += 10 * NS_PER_MS;
		engine_tick(w->engine, w->now_ns);
	}
	assert_int_equal(w->n_records, 1);
	world_check_clean(w);
	struct record r = w->records[0];
	world_destroy(w);
	return r;
}

static bool same_record(const struct record *a, const struct record *b)
{
	return a->outcome == b->outcome && strcmp(a->protocol, b->protocol) == 0 &&
	       memcmp(&a->hyperack, &b->hyperack, sizeof(a->hyperack)) == 0 &&
	       a->is_pseudo_service == b->is_pseudo_service && a->data_len == b->data_len &&
	       a->n_probes_sent == b->n_probes_sent;
}

/* The next order of a multiset (Narayana Pandita's step); false after the last. */
static bool next_order(uint8_t *v, size_t n)
{
	size_t i = n - 1;
	while (i > 0 && v[i - 1] >= v[i])
		i--;
	if (i == 0)
		return false;
	size_t j = n - 1;
	while (v[j] <= v[i - 1])
		j--;
	uint8_t tmp = v[i - 1];
	v[i - 1] = v[j];
	v[j] = tmp;
	for (size_t lo = i, hi = n - 1; lo < hi; lo++, hi--) {
		tmp = v[lo];
		v[lo] = v[hi];
		v[hi] = tmp;
	}
	return true;
}

static void check_all_orders(
    const struct behaviour behaviours[TESTS], unsigned k, enum hyperack_verdict verdict)
{
	uint8_t order[TESTS * 3];
	size_t n = 0;
	for (uint8_t t = 0; t < TESTS; t++)
		for (int s = 0; s < behaviours[t].n_steps; s++)
			order[n++] = t;
	struct record first = {0};
	unsigned n_orders = 0;
	do {
		struct record r = play(behaviours, order, n, k);
		if (n_orders++ == 0)
			first = r;
		if (!same_record(&r, &first) || r.hyperack.verdict != verdict)
			fail_msg("order %u: verdict %u %u/%u/%u, the first order's %u %u/%u/%u",
			    n_orders, r.hyperack.verdict, r.hyperack.n_tested, r.hyperack.n_synack,
			    r.hyperack.n_acked_data, first.hyperack.verdict,
			    first.hyperack.n_tested, first.hyperack.n_synack,
			    first.hyperack.n_acked_data);
	} while (next_order(order, n));
	print_message("           %u orders\n", n_orders);
}

#define NONE                                                                                       \
	{                                                                                          \
		0,                                                                                 \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}
#define OPEN                                                                                       \
	{                                                                                          \
		1,                                                                                 \
		{                                                                                  \
			STEP_SYNACK                                                                \
		}                                                                                  \
	}
#define ACKS                                                                                       \
	{                                                                                          \
		2,                                                                                 \
		{                                                                                  \
			STEP_SYNACK, STEP_ACK                                                      \
		}                                                                                  \
	}
#define RESETS                                                                                     \
	{                                                                                          \
		2,                                                                                 \
		{                                                                                  \
			STEP_SYNACK, STEP_RST                                                      \
		}                                                                                  \
	}

static void test_every_order_of_arrivals_gives_the_same_record(void **state)
{
	(void)state;
	static const struct behaviour three_of_five[TESTS] = {ACKS, ACKS, ACKS, NONE, OPEN};
	static const struct behaviour two_of_five[TESTS] = {ACKS, ACKS, OPEN, RESETS, NONE};
	check_all_orders(three_of_five, 3, HYPERACK_YES);
	check_all_orders(two_of_five, 3, HYPERACK_NO);
	check_all_orders(two_of_five, 2, HYPERACK_YES);
}

static void test_all_orders_of_who_is_first_among_five(void **state)
{
	(void)state;
	/* Each port's two packets together: 120 orders. */
	static const struct behaviour all[TESTS] = {ACKS, ACKS, ACKS, ACKS, ACKS};
	uint8_t ports[TESTS] = {0, 1, 2, 3, 4};
	unsigned n_orders = 0;
	do {
		uint8_t order[2 * TESTS];
		for (size_t i = 0; i < TESTS; i++)
			order[2 * i] = order[2 * i + 1] = ports[i];
		struct record r = play(all, order, sizeof(order), 5);
		assert_int_equal(r.hyperack.verdict, HYPERACK_YES);
		assert_int_equal(r.hyperack.n_acked_data, 5);
		n_orders++;
	} while (next_order(ports, TESTS));
	assert_int_equal(n_orders, 120);
}

static void test_data_before_or_after_its_acknowledgement_is_the_same_evidence(void **state)
{
	(void)state;
	static const struct behaviour after[TESTS] = {{3, {STEP_SYNACK, STEP_ACK, STEP_DATA}},
	    {3, {STEP_SYNACK, STEP_ACK, STEP_DATA}}, {3, {STEP_SYNACK, STEP_ACK, STEP_DATA}}, NONE,
	    NONE};
	static const struct behaviour before[TESTS] = {{3, {STEP_SYNACK, STEP_DATA, STEP_ACK}},
	    {3, {STEP_SYNACK, STEP_DATA, STEP_ACK}}, {3, {STEP_SYNACK, STEP_DATA, STEP_ACK}}, NONE,
	    NONE};
	static const uint8_t order[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
	struct record a = play(after, order, sizeof(order), 3);
	struct record b = play(before, order, sizeof(order), 3);
	assert_int_equal(a.hyperack.verdict, HYPERACK_YES);
	assert_true(same_record(&a, &b));
}

static void test_threshold_edges(void **state)
{
	(void)state;
	for (unsigned n_acking = 0; n_acking <= TESTS; n_acking++) {
		struct behaviour behaviours[TESTS];
		uint8_t order[2 * TESTS];
		size_t n = 0;
		for (uint8_t t = 0; t < TESTS; t++) {
			static const struct behaviour acks = ACKS, opens = OPEN;
			behaviours[t] = t < n_acking ? acks : opens;
			for (int s = 0; s < behaviours[t].n_steps; s++)
				order[n++] = t;
		}
		for (unsigned k = 1; k <= TESTS; k++) {
			struct record r = play(behaviours, order, n, k);
			assert_int_equal(r.hyperack.n_tested, TESTS);
			assert_int_equal(r.hyperack.n_synack, TESTS);
			assert_int_equal(r.hyperack.n_acked_data, n_acking);
			assert_int_equal(
			    r.hyperack.verdict, n_acking >= k ? HYPERACK_YES : HYPERACK_NO);
		}
	}
}

static void test_a_full_table_neither_convicts_nor_acquits(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.max_sessions = 3; /* no room for five tests */
	struct world *w = world_create(&config, "auto", 6);
	w->kind_of = kind_by_host;
	struct target silent = host_port(1, SILENT_PORT);
	world_probe(w, &silent, 0);
	world_run(w, NS_PER_SEC);
	world_drain(w, 60 * NS_PER_SEC);
	const struct record *r = world_record(w, &silent);
	assert_int_equal(r->hyperack.verdict, HYPERACK_UNTESTED);
	assert_int_equal(r->outcome, OUTCOME_SILENT);
	world_check_clean(w);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_kind_of_host_gets_its_verdict),
	    cmocka_unit_test(test_a_slow_host_is_convicted_too),
	    cmocka_unit_test(test_hyperack_0_tests_nobody),
	    cmocka_unit_test(test_many_answering_ports_are_suspicious_without_silence),
	    cmocka_unit_test(test_every_order_of_arrivals_gives_the_same_record),
	    cmocka_unit_test(test_all_orders_of_who_is_first_among_five),
	    cmocka_unit_test(test_data_before_or_after_its_acknowledgement_is_the_same_evidence),
	    cmocka_unit_test(test_threshold_edges),
	    cmocka_unit_test(test_a_full_table_neither_convicts_nor_acquits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
