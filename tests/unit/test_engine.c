/* Claims about the engine as a whole: each outcome is reached, each target has exactly one record,
 * and nothing is left over, however bad network and rim are. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/engine_world.h"

/* Port 1000+k of every host behaves as kind k; all other ports refuse. */
enum { PORT_BASE = 1000 };

static enum peer_kind kind_by_port(const struct target *target)
{
	int k = target->port - PORT_BASE;
	return k >= 0 && k < PEER_KIND_COUNT ? (enum peer_kind)k : PEER_REFUSING;
}

static struct target target_of(unsigned host, bool is_v4, unsigned port)
{
	return (struct target){is_v4 ? ipaddr_from_v4(0x0a010000 + host)
				     : ipaddr_from_u64(UINT64_C(0xfd01) << 48, host),
	    (uint16_t)port};
}

static const struct expectation {
	bool has_record;
	enum outcome outcome;
	const char *protocol;
	bool is_server_first, is_decoy;
} expectations[PEER_KIND_COUNT] = {
    [PEER_SSH] = {true, OUTCOME_IDENTIFIED, "ssh", true, false},
    [PEER_HTTP] = {true, OUTCOME_IDENTIFIED, "http", false, false},
    [PEER_JUNK] = {true, OUTCOME_UNIDENTIFIED, "", false, false},
    [PEER_SILENT] = {true, OUTCOME_SILENT, "", false, false},
    [PEER_NO_ACK] = {true, OUTCOME_NO_ACK, "", false, false},
    [PEER_RESET] = {true, OUTCOME_RESET, "", false, false},
    [PEER_CLOSING] = {true, OUTCOME_CLOSED, "", false, false},
    [PEER_ZERO] = {true, OUTCOME_ZERO_WINDOW, "", false, false},
    [PEER_DECOY] = {true, OUTCOME_ZERO_WINDOW, "", false, true},
    [PEER_UNREACHABLE] = {true, OUTCOME_UNREACHABLE, "", false, false},
    [PEER_SHUNNING] = {true, OUTCOME_SILENT, "", false, false},
};

static void test_each_outcome_is_reached_on_a_good_network(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "auto", 1);
	w->kind_of = kind_by_port;
	size_t n_expected = 0;
	for (int k = 0; k < PEER_KIND_COUNT; k++) {
		for (int is_v4 = 0; is_v4 < 2; is_v4++) {
			struct target target =
			    target_of(10 + (unsigned)k, is_v4, PORT_BASE + (unsigned)k);
			world_probe(w, &target, 0);
			n_expected += expectations[k].has_record;
		}
	}
	world_run(w, NS_PER_SEC);
	world_drain(w, 60 * NS_PER_SEC);
	assert_int_equal(w->n_records, n_expected);
	for (int k = 0; k < PEER_KIND_COUNT; k++) {
		const struct expectation *e = &expectations[k];
		for (int is_v4 = 0; is_v4 < 2 && e->has_record; is_v4++) {
			struct target target =
			    target_of(10 + (unsigned)k, is_v4, PORT_BASE + (unsigned)k);
			const struct record *r = world_record(w, &target);
			print_message(
			    "           kind %d: outcome %u %s\n", k, r->outcome, r->protocol);
			assert_int_equal(r->outcome, e->outcome);
			assert_string_equal(r->protocol, e->protocol);
			assert_int_equal(r->is_server_first, e->is_server_first);
			assert_int_equal(r->is_decoy, e->is_decoy);
			bool is_silent = e->outcome == OUTCOME_SILENT;
			/* Only silence is suspicious; random ports refuse here. */
			assert_int_equal(
			    r->hyperack.verdict, is_silent ? HYPERACK_NO : HYPERACK_UNTESTED);
			assert_int_equal(r->hyperack.n_tested, is_silent ? 5 : 0);
			assert_int_equal(r->hyperack.n_synack, 0);
			if (k == PEER_UNREACHABLE)
				assert_int_equal(r->unreachable_code, 13);
		}
	}
	world_check_clean(w);
	world_destroy(w);
}

static void test_abort_makes_a_record_of_every_open_session(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	/* At every moment from the first SYN-ACK to the end of the slowest session. */
	for (int64_t after = 0; after < 14 * NS_PER_SEC; after += 350 * NS_PER_MS) {
		struct world *w = world_create(&config, "auto", 2);
		w->kind_of = kind_by_port;
		for (int k = 0; k < PEER_KIND_COUNT; k++) {
			struct target target = target_of(7, true, PORT_BASE + (unsigned)k);
			world_probe(w, &target, 0);
		}
		world_run(w, 60 * NS_PER_MS + after);
		engine_abort(w->engine, w->now_ns);
		world_check_clean(w);
		size_t n_opened = (size_t)counters_get(&w->counters, COUNTER_sessions_opened);
		assert_int_equal(n_opened, PEER_KIND_COUNT - 2);
		assert_int_equal(w->n_records, n_opened);
		for (int k = 0; k < PEER_KIND_COUNT; k++) {
			const struct expectation *e = &expectations[k];
			struct target target = target_of(7, true, PORT_BASE + (unsigned)k);
			if (!e->has_record)
				continue;
			const struct record *r = world_record(w, &target);
			/* What is known stays known; what is open is aborted. */
			if (after == 0 && e->outcome == OUTCOME_SILENT)
				assert_int_equal(r->outcome, OUTCOME_ABORTED);
			else if (r->outcome != OUTCOME_ABORTED && after > 12 * NS_PER_SEC)
				assert_int_equal(r->outcome, e->outcome);
		}
		world_destroy(w);
	}
}

/* ---- exactly one record ---- */

static void check_one_record_each(const struct world *w, size_t n_targets)
{
	size_t n_opened = (size_t)counters_get(&w->counters, COUNTER_sessions_opened);
	assert_int_equal(w->n_records, n_opened);
	assert_true(n_opened <= n_targets);
	for (size_t i = 0; i < w->n_records; i++)
		world_record(w, &w->records[i].target); /* fails on a second one */
	assert_int_equal(counters_get(&w->counters, COUNTER_results_pushed), n_opened);
}

/* What a checkpoint relies on: at 0, everything that was open at the mark has its record; then the next is
 * set. n_then: sessions opened before it. */
static void check_mark(const struct world *w, size_t *n_then)
{
	if (engine_count_marked(w->engine) > 0)
		return;
	assert_true(w->n_records >= *n_then || w->engine->is_aborting);
	engine_mark(w->engine);
	*n_then = (size_t)counters_get(&w->counters, COUNTER_sessions_opened);
	assert_int_equal(engine_count_marked(w->engine), *n_then - w->n_records);
}

static void run_chaos(uint64_t seed)
{
	struct rng rng = {seed};
	struct engine_config config = world_config();
	config.max_sessions = rng_below(&rng, 3) ? 4096 : 1 + rng_below(&rng, 60);
	config.max_hosts = rng_below(&rng, 2) ? 1024 : 1 + rng_below(&rng, 8);
	config.n_hyperack = rng_below(&rng, 4) ? 5 : 0;
	config.many_ports = 3 + rng_below(&rng, 10);
	config.max_held = rng_below(&rng, 3) * rng_below(&rng, 15);
	config.hold_ns = rng_below(&rng, 3) * NS_PER_SEC;
	config.n_attempts = 2;
	config.conn.n_retransmits = (uint8_t)rng_below(&rng, 4);
	/* All IPv6 hosts are in one /64 where every address answers. */
	config.n_alias_lengths = (uint8_t)rng_below(&rng, 3);
	config.alias_lengths[0] = 64;
	config.alias_lengths[1] = 112;
	config.skips_hyperacktive = rng_below(&rng, 2);
	struct world *w = world_create(&config, "auto", seed);
	w->kind_of = kind_by_port;
	static const uint32_t levels[] = {0, 10, 50, 200, 600};
	w->loss = levels[rng_below(&rng, 4)];
	w->dup = levels[rng_below(&rng, 4)];
	w->refuse_send = levels[rng_below(&rng, 5)];
	w->refuse_result = levels[rng_below(&rng, 5)];
	w->jitter_ns = rng_below(&rng, 2) ? 0 : 300 * NS_PER_MS;
	size_t n_targets = 60 + rng_below(&rng, 60), n_then = 0;
	for (size_t i = 0; i < n_targets; i++) {
		struct target target = target_of((unsigned)i / 8, i & 1,
		    PORT_BASE + (unsigned)(i * 5 + i / 8) % (PEER_KIND_COUNT + 1));
		world_probe(w, &target, 0);
		world_probe(w, &target, 1);
		world_run(w, rng_below(&rng, 40) * NS_PER_MS);
		check_mark(w, &n_then);
	}
	world_run(w, NS_PER_SEC);
	check_mark(w, &n_then);
	if (rng_below(&rng, 3) == 0) {
		world_run(w, rng_below(&rng, 8000) * NS_PER_MS);
		engine_abort(w->engine, w->now_ns);
	}
	world_drain(w, 300 * NS_PER_SEC);
	world_check_clean(w);
	check_one_record_each(w, n_targets);
	assert_int_equal(engine_count_marked(w->engine), 0);
	/* Filtering and answering never cost more than a few packets for each that came. */
	assert_true(w->n_sent < 10 * (w->n_received + 16 * n_targets) + 100);
	world_destroy(w);
}

static void test_one_record_each_under_loss_repetition_reordering_full_rings_and_abort(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 600; seed++)
		run_chaos(seed);
}

static void test_a_good_network_with_bad_luck_at_the_rim_loses_no_target(void **state)
{
	(void)state;
	/* Rings that are full now and then delay, they do not decide who is recorded. */
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "auto", 5);
	w->kind_of = kind_by_port;
	w->refuse_result = 200;
	w->refuse_send = 500;
	size_t n = 0;
	for (unsigned i = 0; i < 200; i++) {
		struct target target = target_of(i, i & 1, PORT_BASE + PEER_SSH + i % 3);
		world_probe(w, &target, 0);
		world_run(w, 10 * NS_PER_MS);
		n++;
	}
	world_drain(w, 120 * NS_PER_SEC);
	assert_int_equal(w->n_records, n);
	for (unsigned i = 0; i < 200; i++) {
		struct target target = target_of(i, i & 1, PORT_BASE + PEER_SSH + i % 3);
		assert_int_equal(
		    world_record(w, &target)->outcome, expectations[PEER_SSH + i % 3].outcome);
	}
	world_check_clean(w);
	world_destroy(w);
}

static void test_data_on_the_syn_ack_without_room_for_it_still_ends(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "auto", 6);
	w->kind_of = kind_by_port;
	w->refuse_result = 1000;
	struct target target = target_of(1, true, 80);
	struct cookie c;
	cookie_make(&config.cookie, &target, 0, &c);
	static const uint8_t banner[] = "220 hello\r\n";
	struct segment s = {.flow = c.flow,
	    .seq = 77,
	    .ack = c.iss + 1,
	    .flags = TCP_SYN | TCP_ACK,
	    .window = 1000,
	    .options = banner,
	    .payload = banner,
	    .payload_len = sizeof(banner) - 1};
	world_inject(w, &s);
	assert_int_equal(engine_count_sessions(w->engine), 1);
	assert_int_equal(w->engine->wheel.n_armed, 1);
	world_drain(w, 60 * NS_PER_SEC);
	assert_int_equal(w->n_records, 1);
	world_check_clean(w);
	world_destroy(w);
}

static void test_acknowledgements_count_though_there_is_no_room_for_data(void **state)
{
	(void)state;
	/* Data that finds no room is left for a retransmission; that it acknowledged ours is not. */
	struct engine_config config = world_config();
	config.n_hyperack = 0;
	struct world *w = world_create(&config, "http", 6);
	w->kind_of = kind_by_port;
	w->refuse_result = 1000;
	struct target target = target_of(1, true, PORT_BASE + PEER_JUNK);
	world_probe(w, &target, 0);
	world_drain(w, 60 * NS_PER_SEC);
	assert_int_equal(world_record(w, &target)->outcome, OUTCOME_SILENT);
	world_check_clean(w);
	world_destroy(w);
}

static void swallow(struct world *w, const struct tx_req *req)
{
	(void)w;
	(void)req;
}

static void test_answers_count_by_when_they_were_due(void **state)
{
	(void)state;
	static const int64_t rtts_ms[] = {4, 300, 20000}; /* the last one lies */
	static const uint8_t answer[] = "HTTP/1.1 200 OK\r\n\r\n";
	for (size_t i = 0; i < sizeof(rtts_ms) / sizeof(rtts_ms[0]); i++) {
		static struct delivery said;
		struct engine_config config = world_config();
		memset(&said, 0, sizeof(said));
		config.said = &said;
		struct world *w = world_create(&config, "auto", 8);
		w->on_send = swallow;
		struct target target = target_of(1, true, 80);
		struct cookie c;
		cookie_make(&config.cookie, &target, 0, &c);
		struct segment s = {.flow = c.flow,
		    .seq = 77,
		    .ack = c.iss + 1,
		    .flags = TCP_SYN | TCP_ACK,
		    .window = 1000,
		    .has_ts = true,
		    .tsecr = (uint32_t)((w->now_ns + 300 * NS_PER_MS - rtts_ms[i] * NS_PER_MS) /
					NS_PER_US),
		    .options = answer,
		    .payload = answer};
		world_run(w, 300 * NS_PER_MS);
		int64_t ahead_ms = rtts_ms[i] < 3000 ? rtts_ms[i] : 3000;
		uint64_t due = delivery_slot_of(w->now_ns + ahead_ms * NS_PER_MS);
		world_inject(w, &s);
		struct segment data = {.flow = c.flow,
		    .seq = 78,
		    .ack = c.iss + 1 + (uint32_t)sig_set_find_probe(w->engine->set, "http")->len,
		    .flags = TCP_ACK | TCP_PSH,
		    .window = 1000,
		    .options = answer,
		    .payload = answer};
		/* Its kernel takes our data at once, it answers much later, in two pieces. */
		world_run(w, 100 * NS_PER_MS);
		world_inject(w, &data);
		struct delivery_report report = {.slot = due};
		delivery_add(&said, &report);
		assert_int_equal(report.ago[0].n_first, 1);
		assert_int_equal(report.ago[0].n_again, 0);
		world_run(w, 500 * NS_PER_MS);
		data.payload_len = 6;
		world_inject(w, &data);
		data.seq += 6;
		data.payload += 6;
		data.payload_len = sizeof(answer) - 7;
		world_inject(w, &data);
		report = (struct delivery_report){.slot = due};
		delivery_add(&said, &report);
		assert_int_equal(report.ago[0].n_first, 1);
		assert_int_equal(report.ago[0].n_again, 1);
		engine_abort(w->engine, w->now_ns);
		world_destroy(w);
	}
}

static void test_later_connections_are_not_due(void **state)
{
	(void)state;
	static struct delivery said;
	struct engine_config config = world_config();
	memset(&said, 0, sizeof(said));
	config.said = &said;
	struct world *w = world_create(&config, "auto", 9);
	w->kind_of = kind_by_port;
	struct target target = target_of(1, true, PORT_BASE + PEER_SILENT);
	world_probe(w, &target, 0);
	uint64_t n_acked = 0, n_answered = 0;
	for (int i = 0; i < 60; i++) {
		world_run(w, NS_PER_SEC);
		struct delivery_report report = {.slot = delivery_slot_of(w->now_ns)};
		delivery_add(&said, &report);
		for (size_t k = 1; k <= 10; k++) {
			n_acked += report.ago[k].n_first;
			n_answered += report.ago[k].n_again;
		}
	}
	assert_int_equal(world_record(w, &target)->outcome, OUTCOME_SILENT);
	assert_in_range(counters_get(&w->counters, COUNTER_data_acked), 2, 10);
	assert_int_equal(n_acked, 1);
	assert_int_equal(n_answered, 0);
	world_check_clean(w);
	world_destroy(w);
}

static size_t n_told;
static struct target told;

static void note_told(struct world *w, const struct tx_req *req)
{
	(void)w;
	if (req->kind != TX_REQ_ANSWERED)
		return;
	n_told++;
	told = (struct target){req->flow.raddr, req->flow.rport};
}

/* A closed port has answered: where it would be asked again the senders are told, by whatever attempt it was. */
static void test_a_refusal_is_an_answer_if_it_acknowledges_our_syn(void **state)
{
	(void)state;
	static const uint8_t none[1];
	for (uint32_t n_attempts = 1; n_attempts <= 3; n_attempts++) {
		struct engine_config config = world_config();
		config.n_attempts = n_attempts;
		config.tells_answered = true; /* whoever opens a session */
		struct world *w = world_create(&config, "auto", 10);
		w->on_send = note_told;
		n_told = 0;
		for (uint16_t n = 0; n < 3; n++) {
			struct target target = target_of(1 + n, n & 1, 81);
			struct cookie c;
			cookie_make(&config.cookie, &target, n, &c);
			struct segment s = {.flow = c.flow, .options = none, .payload = none};
			const struct {
				uint8_t flags;
				uint32_t ack;
			} strangers[] = {{TCP_RST | TCP_ACK, c.iss}, {TCP_RST | TCP_ACK, c.iss + 2},
			    {TCP_RST, c.iss + 1}, {TCP_RST, 0}, {TCP_ACK, c.iss + 1}};
			for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
				size_t n_before = n_told;
				s.flags = strangers[i].flags;
				s.ack = strangers[i].ack;
				world_inject(w, &s);
				assert_int_equal(n_told, n_before);
			}
			size_t n_before = n_told;
			bool is_asked_again = n_attempts > 1 && n < n_attempts;
			s.flags = TCP_RST | TCP_ACK;
			s.ack = c.iss + 1;
			world_inject(w, &s);
			assert_int_equal(n_told - n_before, is_asked_again);
			if (is_asked_again)
				assert_memory_equal(&told, &target, sizeof(target));
			s.flow.lport ^= 1;
			world_inject(w, &s);
			assert_int_equal(n_told - n_before, is_asked_again);
		}
		world_destroy(w);
	}
}

static void test_full_tables_refuse_and_take_the_repeated_syn_ack_later(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.max_sessions = 8;
	config.n_hyperack = 0;
	struct world *w = world_create(&config, "auto", 7);
	w->kind_of = kind_by_port;
	w->jitter_ns = 300 * NS_PER_MS; /* so that not all repeat at the same moment */
	enum { N = 50 };
	for (unsigned i = 0; i < N; i++) {
		struct target target = target_of(i, i & 1, PORT_BASE + PEER_SSH);
		world_probe(w, &target, 0);
	}
	for (int i = 0; i < 20000 && w->n_records < N; i++) {
		world_run(w, 2 * NS_PER_MS);
		assert_in_range(engine_count_sessions(w->engine), 0, 8);
	}
	assert_int_equal(w->n_records, N);
	assert_true(counters_get(&w->counters, COUNTER_sessions_refused) > 0);
	for (unsigned i = 0; i < N; i++) {
		struct target target = target_of(i, i & 1, PORT_BASE + PEER_SSH);
		assert_string_equal(world_record(w, &target)->protocol, "ssh");
	}
	world_drain(w, 10 * NS_PER_SEC);
	world_check_clean(w);
	world_destroy(w);
}

static void test_all_probes_make_a_record_each(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.is_all_probes = true;
	config.n_hyperack = 0;
	static const enum peer_kind kinds[] = {PEER_HTTP, PEER_JUNK, PEER_SILENT, PEER_NO_ACK,
	    PEER_RESET, PEER_CLOSING, PEER_SSH, PEER_SHUNNING};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct world *w = world_create(&config, "http,tls,wait", 8);
		w->kind_of = kind_by_port;
		struct target target = target_of(1, true, PORT_BASE + (unsigned)kinds[i]);
		world_probe(w, &target, 0);
		world_drain(w, 60 * NS_PER_SEC);
		assert_int_equal(w->n_records, 3);
		world_check_clean(w);
		world_destroy(w);
	}
}

static void test_duplicate_syn_acks_never_open_a_second_session(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_attempts = 2;
	struct world *w = world_create(&config, "auto", 9);
	w->kind_of = kind_by_port;
	w->dup = 1000;
	struct target target = target_of(1, true, PORT_BASE + PEER_SSH);
	for (int i = 0; i < 5; i++) {
		world_probe(w, &target, 0);
		world_probe(w, &target, 1);
		world_run(w, 700 * NS_PER_MS);
	}
	world_drain(w, 60 * NS_PER_SEC);
	assert_int_equal(w->n_records, 1);
	assert_int_equal(counters_get(&w->counters, COUNTER_sessions_opened), 1);
	world_check_clean(w);
	world_destroy(w);
}

/* A FIN that the peer sends again before our RST can have come needs no second one; one that comes later shows
 * that the first was lost. */
static void test_one_rst_is_enough_unless_it_was_lost(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "auto", 12);
	w->kind_of = kind_by_port;
	w->delay_ns = 1 * NS_PER_MS;
	w->jitter_ns = 0;
	struct target target = target_of(1, true, PORT_BASE + PEER_HTTP);
	world_probe(w, &target, 0);
	world_run(w, 20 * NS_PER_MS); /* a probe, its answer, a RST */
	struct cookie c;
	cookie_make(&config.cookie, &target, 0, &c);
	const struct segment fin = {.flow = c.flow,
	    .seq = 9,
	    .ack = c.iss + 20,
	    .flags = TCP_FIN | TCP_ACK,
	    .window = 100,
	    .options = (const uint8_t *)"",
	    .payload = (const uint8_t *)""};
	uint64_t n_sent = w->n_sent;
	assert_int_equal(n_sent, 2);
	world_inject(w, &fin);
	world_run(w, 50 * NS_PER_MS);
	world_inject(w, &fin);
	assert_int_equal(w->n_sent, n_sent);
	world_run(w, 150 * NS_PER_MS);
	world_inject(w, &fin);
	assert_int_equal(w->n_sent, n_sent + 1);
	world_drain(w, 60 * NS_PER_SEC);
	world_check_clean(w);
	world_destroy(w);
}

static void test_strangers_open_nothing_and_get_no_answer(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "auto", 10);
	w->kind_of = kind_by_port;
	struct target target = target_of(1, true, 80);
	struct cookie c;
	cookie_make(&config.cookie, &target, 0, &c);
	for (int flags = 0; flags < 64; flags++) {
		struct segment s = {.flow = c.flow,
		    .seq = 5,
		    .ack = c.iss + 2,
		    .flags = (uint8_t)flags,
		    .window = 100,
		    .options = (const uint8_t *)"",
		    .payload = (const uint8_t *)"x",
		    .payload_len = 1};
		world_inject(w, &s);
		s.flow.lport ^= 1;
		s.ack = c.iss + 1;
		world_inject(w, &s);
		/* The right numbers, but no SYN-ACK. */
		s.flow.lport ^= 1;
		if ((flags & (TCP_SYN | TCP_ACK | TCP_RST)) != (TCP_SYN | TCP_ACK))
			world_inject(w, &s);
	}
	struct icmp_error error = {.flow = c.flow, .seq = c.iss, .type = 3, .code = 1};
	engine_icmp(w->engine, &error, w->now_ns);
	error.mtu = 500;
	engine_icmp(w->engine, &error, w->now_ns);
	assert_int_equal(engine_count_sessions(w->engine), 0);
	assert_int_equal(w->n_sent, 0);
	world_check_clean(w);
	world_destroy(w);
}

static void test_only_icmp_about_bytes_in_flight_is_believed(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "http", 11);
	w->kind_of = kind_by_port;
	struct target target = target_of(1, true, PORT_BASE + PEER_NO_ACK);
	world_probe(w, &target, 0);
	world_run(w, 200 * NS_PER_MS);
	assert_int_equal(engine_count_sessions(w->engine), 1);
	struct session *session = pool_get(w->engine->sessions, 0);
	uint16_t mss = session->conn.mss;
	struct icmp_error error = {.flow = session->flow, .type = 3, .code = 1};
	static const uint32_t wrong[] = {(uint32_t)-1, (uint32_t)-100000, 1, 70000};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint32_t base =
		    wrong[i] > UINT32_MAX / 2 ? session->conn.snd_una : session->conn.snd_max;
		error.seq = base + wrong[i];
		error.mtu = 0;
		engine_icmp(w->engine, &error, w->now_ns);
		error.mtu = 300;
		engine_icmp(w->engine, &error, w->now_ns);
		assert_int_equal(session->conn.state, CONN_ESTABLISHED);
		assert_int_equal(session->conn.mss, mss);
	}
	error.mtu = 0;
	error.seq = session->conn.snd_max;
	engine_icmp(w->engine, &error, w->now_ns);
	world_drain(w, 10 * NS_PER_SEC);
	assert_int_equal(world_record(w, &target)->outcome, OUTCOME_UNREACHABLE);
	world_check_clean(w);
	world_destroy(w);
}

static void test_create_refuses_what_it_cannot_keep(void **state)
{
	(void)state;
	struct engine_config good = world_config();
	struct world *w = world_create(&good, "auto", 12);
	struct engine *engine = NULL;
	struct counters counters;
	memset(&counters, 0, sizeof(counters));
	static const struct {
		uint32_t max_sessions, n_hyperack, threshold;
	} rows[] = {{0, 5, 3}, {1u << 25, 5, 3}, {10, 33, 3}, {10, 5, 0}, {10, 5, 6}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct engine_config bad = good;
		bad.max_sessions = rows[i].max_sessions;
		bad.n_hyperack = rows[i].n_hyperack;
		bad.hyperack_threshold = rows[i].threshold;
		assert_int_equal(engine_create(&bad, w->engine->set, w->engine->planner,
				     w->engine->ops, w, &counters, 0, &engine),
		    -EINVAL);
		assert_null(engine);
	}
	engine_destroy(NULL);
	world_destroy(w);
}

/* A piece of what the peer says, the k-th of PIECE bytes. */
enum { PIECE = 400, N_PIECES = 3 };

static void say_piece(struct world *w, const struct peer_flow *p, int k)
{
	uint8_t text[PIECE];
	memset(text, 'a' + k, sizeof(text));
	struct segment s = {.flow = p->flow,
	    .seq = p->iss + 1 + (uint32_t)k * PIECE,
	    .ack = p->rcv_nxt,
	    .flags = TCP_ACK | TCP_PSH,
	    .window = 8000,
	    .payload = text,
	    .payload_len = PIECE};
	world_inject(w, &s);
}

static void test_a_long_answer_moves_to_a_long_result(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_hyperack = 0;
	struct world *w = world_create(&config, "http", 8);
	w->kind_of = kind_by_port;
	struct target target = target_of(1, true, PORT_BASE + PEER_SILENT);
	world_probe(w, &target, 0);
	world_run(w, 100 * NS_PER_MS);
	assert_int_equal(w->n_flows, 1);
	const struct peer_flow *p = &w->flows[0];
	say_piece(w, p, 0);
	assert_int_equal(w->n_grown, 0);
	/* No long one is left: the peer says it again later. */
	w->refuse_result = 1000;
	say_piece(w, p, 1);
	assert_int_equal(w->n_grown, 0);
	w->refuse_result = 0;
	/* Out of order: the end of it decides. */
	say_piece(w, p, 2);
	assert_int_equal(w->n_grown, 1);
	say_piece(w, p, 1);
	assert_int_equal(w->n_grown, 1);
	world_drain(w, 60 * NS_PER_SEC);
	const struct record *r = world_record(w, &target);
	assert_int_equal(r->outcome, OUTCOME_UNIDENTIFIED);
	assert_int_equal(r->data_len, N_PIECES * PIECE);
	world_check_clean(w);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_outcome_is_reached_on_a_good_network),
	    cmocka_unit_test(test_abort_makes_a_record_of_every_open_session),
	    cmocka_unit_test(
		test_one_record_each_under_loss_repetition_reordering_full_rings_and_abort),
	    cmocka_unit_test(test_a_good_network_with_bad_luck_at_the_rim_loses_no_target),
	    cmocka_unit_test(test_data_on_the_syn_ack_without_room_for_it_still_ends),
	    cmocka_unit_test(test_acknowledgements_count_though_there_is_no_room_for_data),
	    cmocka_unit_test(test_answers_count_by_when_they_were_due),
	    cmocka_unit_test(test_later_connections_are_not_due),
	    cmocka_unit_test(test_a_refusal_is_an_answer_if_it_acknowledges_our_syn),
	    cmocka_unit_test(test_full_tables_refuse_and_take_the_repeated_syn_ack_later),
	    cmocka_unit_test(test_all_probes_make_a_record_each),
	    cmocka_unit_test(test_duplicate_syn_acks_never_open_a_second_session),
	    cmocka_unit_test(test_one_rst_is_enough_unless_it_was_lost),
	    cmocka_unit_test(test_strangers_open_nothing_and_get_no_answer),
	    cmocka_unit_test(test_only_icmp_about_bytes_in_flight_is_believed),
	    cmocka_unit_test(test_create_refuses_what_it_cannot_keep),
	    cmocka_unit_test(test_a_long_answer_moves_to_a_long_result),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
