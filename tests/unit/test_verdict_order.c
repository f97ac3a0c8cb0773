/* Claims about what a record waits for: whatever order evidence about a host comes in, and whichever of
 * its sessions has ended by then, the records are the same; and waiting is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/engine_world.h"

enum { N_TARGETS = 3, PORT_BASE = 2001, HOST = 0x0a090807, FLOWS_MAX = 256 };

/* What the targets of the host do, two packets each: SSH speaks, the second acknowledges and is silent,
 * the third resets. */
enum { SPEAKS, STAYS_SILENT, RESETS };

struct seen_flow {
	struct flow flow;
	uint32_t iss, snd_max;
	bool is_synack_due, is_ack_due;
};

static struct {
	struct seen_flow flows[FLOWS_MAX];
	size_t n;
	bool are_tests_answered;
} net;

static struct target target_at(unsigned i)
{
	return (struct target){ipaddr_from_v4(HOST), (uint16_t)(PORT_BASE + i)};
}

static struct seen_flow *find(const struct flow *flow)
{
	for (size_t i = 0; i < net.n; i++)
		if (memcmp(&net.flows[i].flow, flow, sizeof(*flow)) == 0)
			return &net.flows[i];
	assert_true(net.n < FLOWS_MAX);
	net.flows[net.n] = (struct seen_flow){.flow = *flow};
	return &net.flows[net.n++];
}

static void catch_send(struct world *w, const struct tx_req *req)
{
	(void)w;
	if (req->kind != TX_REQ_SEGMENT || req->flags & TCP_RST)
		return;
	struct seen_flow *f = find(&req->flow);
	bool is_test = req->flow.rport >= 32768;
	if (req->flags & TCP_SYN) {
		f->iss = req->seq;
		f->is_synack_due = is_test && net.are_tests_answered;
	}
	if (req->payload_len) {
		f->snd_max = req->seq + req->payload_len;
		f->is_ack_due = is_test;
	}
}

static void inject(struct world *w, const struct flow *flow, uint32_t seq, uint32_t ack,
    uint8_t flags, const char *text)
{
	struct segment s = {.flow = *flow,
	    .seq = seq,
	    .ack = ack,
	    .flags = (uint8_t)(flags | TCP_ACK),
	    .window = 5000,
	    .mss = 1400,
	    .options = (const uint8_t *)"",
	    .payload = (const uint8_t *)text,
	    .payload_len = (uint16_t)strlen(text)};
	world_inject(w, &s);
}

/* Random ports answer at once. */
static void answer_tests(struct world *w)
{
	for (size_t i = 0; i < net.n; i++) {
		struct seen_flow *f = &net.flows[i];
		if (f->is_synack_due) {
			f->is_synack_due = false;
			inject(w, &f->flow, 100, f->iss + 1, TCP_SYN, "");
		}
		if (f->is_ack_due) {
			f->is_ack_due = false;
			inject(w, &f->flow, 101, f->snd_max, 0, "");
		}
	}
}

static void pass(struct world *w, int64_t ns)
{
	for (int64_t end = w->now_ns + ns; w->now_ns < end;) {
		w->now_ns += 10 * NS_PER_MS;
		answer_tests(w);
		engine_tick(w->engine, w->now_ns);
	}
}

static void play(struct world *w, unsigned i, unsigned step)
{
	struct target target = target_at(i);
	struct cookie c;
	cookie_make(&w->config.cookie, &target, 0, &c);
	if (step == 0) {
		inject(w, &c.flow, 7, c.iss + 1, TCP_SYN, "");
		return;
	}
	uint32_t end = find(&c.flow)->snd_max;
	if (i == SPEAKS)
		inject(w, &c.flow, 8, c.iss + 1, TCP_PSH, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	else
		inject(w, &c.flow, 8, end, i == RESETS ? TCP_RST : 0, "");
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

static struct world *start(const struct engine_config *config, bool are_tests_answered)
{
	struct world *w = world_create(config, "http", 1);
	memset(&net, 0, sizeof(net));
	net.are_tests_answered = are_tests_answered;
	w->on_send = catch_send;
	return w;
}

static void check_order(const uint8_t *order, size_t n, int64_t gap_ns, bool are_tests_answered)
{
	static const enum outcome outcomes[N_TARGETS] = {[SPEAKS] = OUTCOME_IDENTIFIED,
	    [STAYS_SILENT] = OUTCOME_SILENT,
	    [RESETS] = OUTCOME_RESET};
	struct engine_config config = world_config();
	struct world *w = start(&config, are_tests_answered);
	unsigned at[N_TARGETS] = {0};
	for (size_t i = 0; i < n; i++) {
		play(w, order[i], at[order[i]]++);
		pass(w, gap_ns);
	}
	pass(w, 40 * NS_PER_SEC);
	assert_int_equal(w->n_records, N_TARGETS);
	for (unsigned i = 0; i < N_TARGETS; i++) {
		struct target target = target_at(i);
		const struct record *r = world_record(w, &target);
		assert_int_equal(r->outcome, outcomes[i]);
		assert_string_equal(r->protocol, i == SPEAKS ? "ssh" : "");
		assert_int_equal(
		    r->hyperack.verdict, are_tests_answered ? HYPERACK_YES : HYPERACK_NO);
		assert_int_equal(r->hyperack.n_tested, 5);
		assert_int_equal(r->hyperack.n_synack, are_tests_answered ? 5 : 0);
		assert_int_equal(r->hyperack.n_acked_data, are_tests_answered ? 5 : 0);
	}
	world_check_clean(w);
	world_destroy(w);
}

static void test_records_are_the_same_whichever_session_ended_before_the_suspicion(void **state)
{
	(void)state;
	static const int64_t gaps[] = {0, 10 * NS_PER_MS, 800 * NS_PER_MS};
	unsigned n_orders = 0;
	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
		for (int are_answered = 0; are_answered < 2; are_answered++) {
			uint8_t order[2 * N_TARGETS] = {0, 0, 1, 1, 2, 2};
			do {
				check_order(order, sizeof(order), gaps[g], are_answered);
				n_orders++;
			} while (next_order(order, sizeof(order)));
		}
	}
	assert_int_equal(n_orders, 3 * 2 * 90);
}

static void test_an_unsuspicious_host_costs_no_probe_and_little_time(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = start(&config, true);
	play(w, SPEAKS, 0);
	play(w, SPEAKS, 1);
	pass(w, config.hold_ns - 20 * NS_PER_MS);
	assert_int_equal(w->n_records, 0);
	pass(w, 60 * NS_PER_MS);
	assert_int_equal(w->n_records, 1);
	assert_int_equal(w->records[0].hyperack.verdict, HYPERACK_UNTESTED);
	assert_int_equal(counters_get(&w->counters, COUNTER_hyperack_probes), 0);
	world_check_clean(w);
	world_destroy(w);
}

static void test_when_no_target_can_answer_any_more_nothing_is_waited_for(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = start(&config, true);
	play(w, SPEAKS, 0);
	play(w, SPEAKS, 1);
	play(w, STAYS_SILENT, 0);
	engine_finish(w->engine, w->now_ns);
	/* One of the host still runs, and what it shows is for both. */
	assert_int_equal(w->n_records, 0);
	play(w, STAYS_SILENT, 1);
	pass(w, 20 * NS_PER_SEC);
	assert_int_equal(w->n_records, 2);
	assert_int_equal(w->records[0].hyperack.verdict, HYPERACK_YES);
	assert_int_equal(w->records[1].hyperack.verdict, HYPERACK_YES);
	world_check_clean(w);
	world_destroy(w);
	w = start(&config, true);
	play(w, SPEAKS, 0);
	play(w, SPEAKS, 1);
	engine_finish(w->engine, w->now_ns);
	assert_int_equal(w->n_records, 1);
	world_check_clean(w);
	world_destroy(w);
}

static void test_waiting_is_bounded_and_the_oldest_gives_way(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	enum { N = 40, HELD = 8 };
	config.max_held = HELD;
	struct world *w = start(&config, true);
	for (unsigned i = 0; i < N; i++) {
		struct target target = {ipaddr_from_v4(HOST + 256 * i), 22};
		struct cookie c;
		cookie_make(&config.cookie, &target, 0, &c);
		inject(w, &c.flow, 7, c.iss + 1, TCP_SYN, "");
		inject(w, &c.flow, 8, c.iss + 1, TCP_PSH, "SSH-2.0-x\r\n");
		assert_in_range(engine_count_sessions(w->engine), 0, HELD);
	}
	assert_int_equal(w->n_records, N - HELD);
	for (unsigned i = 0; i < N - HELD; i++)
		assert_int_equal(ipaddr_get_v4(&w->records[i].target.addr), HOST + 256 * i);
	assert_int_equal(counters_get(&w->counters, COUNTER_records_unheld), N - HELD);
	engine_abort(w->engine, w->now_ns);
	assert_int_equal(w->n_records, N);
	world_check_clean(w);
	world_destroy(w);
}

static void test_a_full_table_takes_the_place_of_held_records(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.max_sessions = 16;
	config.max_held = 64;
	struct world *w = start(&config, true);
	for (unsigned i = 0; i < 100; i++) {
		struct target target = {ipaddr_from_v4(HOST + 256 * i), 22};
		struct cookie c;
		cookie_make(&config.cookie, &target, 0, &c);
		inject(w, &c.flow, 7, c.iss + 1, TCP_SYN, "");
		inject(w, &c.flow, 8, c.iss + 1, TCP_PSH, "SSH-2.0-x\r\n");
	}
	assert_int_equal(counters_get(&w->counters, COUNTER_sessions_refused), 0);
	assert_int_equal(counters_get(&w->counters, COUNTER_sessions_opened), 100);
	engine_abort(w->engine, w->now_ns);
	assert_int_equal(w->n_records, 100);
	world_check_clean(w);
	world_destroy(w);
}

static enum peer_kind all_silent(const struct target *target)
{
	(void)target;
	return PEER_SILENT;
}

static void test_a_full_table_delays_tests_and_skips_none(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	enum { N = 200 };
	config.max_sessions = 20;
	struct world *w = world_create(&config, "http", 3);
	w->kind_of = all_silent;
	w->jitter_ns = 100 * NS_PER_MS;
	for (unsigned i = 0; i < N; i++) {
		struct target target = {ipaddr_from_v4(HOST + i), 80};
		for (int tries = 0; tries < 400; tries++) { /* the generator waits for room */
			if (engine_count_sessions(w->engine) < 10)
				break;
			world_run(w, 100 * NS_PER_MS);
		}
		world_probe(w, &target, 0);
		world_run(w, 50 * NS_PER_MS);
	}
	world_drain(w, 120 * NS_PER_SEC);
	assert_int_equal(w->n_records, N);
	for (unsigned i = 0; i < N; i++) {
		struct target target = {ipaddr_from_v4(HOST + i), 80};
		const struct record *r = world_record(w, &target);
		assert_int_equal(r->outcome, OUTCOME_SILENT);
		assert_int_equal(r->hyperack.verdict, HYPERACK_YES);
		assert_int_equal(r->hyperack.n_tested, 5);
	}
	world_check_clean(w);
	world_destroy(w);
}

static enum peer_kind all_ssh(const struct target *target)
{
	(void)target;
	return PEER_SSH;
}

static void test_patience_waits_while_results_run_short(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_hyperack = 0;
	config.hyperack_threshold = 0;
	struct world *w = world_create(&config, "http", 3);
	w->kind_of = all_ssh;
	w->refuse_result = 1000;
	struct target target = {ipaddr_from_v4(HOST), 22};
	world_probe(w, &target, 0);
	world_run(w, 4500 * NS_PER_MS);
	w->refuse_result = 0;
	world_drain(w, 60 * NS_PER_SEC);
	assert_string_equal(world_record(w, &target)->protocol, "ssh");
	world_check_clean(w);
	world_destroy(w);
}

/* ---- source ports of later connections ---- */

static uint16_t syn_port;

static void note_syn(struct world *w, const struct tx_req *req)
{
	(void)w;
	if (req->kind == TX_REQ_SEGMENT && req->flags == TCP_SYN)
		syn_port = req->flow.lport;
}

static void test_a_second_connection_never_reuses_the_port_of_the_first(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_hyperack = 0;
	config.hyperack_threshold = 0;
	config.cookie.n_ports = 3; /* by chance every third would be the same */
	struct world *w = world_create(&config, "http,tls", 3);
	w->on_send = note_syn;
	for (unsigned i = 0; i < 300; i++) {
		struct target target = {ipaddr_from_v4(HOST + i), 80};
		struct cookie c;
		cookie_make(&config.cookie, &target, 0, &c);
		syn_port = 0;
		inject(w, &c.flow, 7, c.iss + 1, TCP_SYN, "");
		inject(w, &c.flow, 8, c.iss + 1, TCP_RST, "");
		assert_true(syn_port != 0);
		assert_int_not_equal(syn_port, c.flow.lport);
		engine_abort(w->engine, w->now_ns);
	}
	world_check_clean(w);
	world_destroy(w);
}

static void test_with_a_single_source_port_there_is_no_choice_and_no_hang(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.cookie.n_ports = 1;
	struct world *w = world_create(&config, "http,tls", 3);
	w->kind_of = all_silent;
	struct target target = {ipaddr_from_v4(HOST), 80};
	world_probe(w, &target, 0);
	world_drain(w, 60 * NS_PER_SEC);
	assert_int_equal(world_record(w, &target)->outcome, OUTCOME_SILENT);
	world_check_clean(w);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_records_are_the_same_whichever_session_ended_before_the_suspicion),
	    cmocka_unit_test(test_an_unsuspicious_host_costs_no_probe_and_little_time),
	    cmocka_unit_test(test_when_no_target_can_answer_any_more_nothing_is_waited_for),
	    cmocka_unit_test(test_waiting_is_bounded_and_the_oldest_gives_way),
	    cmocka_unit_test(test_a_full_table_takes_the_place_of_held_records),
	    cmocka_unit_test(test_a_full_table_delays_tests_and_skips_none),
	    cmocka_unit_test(test_patience_waits_while_results_run_short),
	    cmocka_unit_test(test_a_second_connection_never_reuses_the_port_of_the_first),
	    cmocka_unit_test(test_with_a_single_source_port_there_is_no_choice_and_no_hang),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
