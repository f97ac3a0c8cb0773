/* Claims about prefix tests: an aliased prefix is found from its first answer and labels that record too,
 * another costs one packet, nothing is asked for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/engine_world.h"

enum { PORT = 22 };
static const uint64_t NET_BASE = UINT64_C(0x20010db8) << 32;

/* In even /64s every address answers; in odd ones only those below 2^16, and what the rest does is
 * said by the next bit. */
static enum peer_kind kind_by_prefix(const struct target *target)
{
	uint64_t hi, lo;
	ipaddr_get_u64(&target->addr, &hi, &lo);
	if (hi % 2 == 0 || lo < 65536)
		return PEER_SSH;
	return hi & 2 ? PEER_FILTERED : PEER_REFUSING;
}

static struct target host_in(unsigned prefix, unsigned host)
{
	return (struct target){ipaddr_from_u64(NET_BASE + prefix, 1 + host), PORT};
}

static struct world *start(uint64_t seed)
{
	struct engine_config config = world_config();
	config.n_alias_lengths = 1;
	config.alias_lengths[0] = 64;
	config.n_attempts = 2;
	struct world *w = world_create(&config, "auto", seed);
	w->kind_of = kind_by_prefix;
	return w;
}

static void test_the_only_target_of_an_aliased_prefix_is_labelled(void **state)
{
	(void)state;
	struct world *w = start(1);
	struct target target = host_in(0, 5);
	world_probe(w, &target, 0);
	world_drain(w, 60 * NS_PER_SEC);
	assert_true(world_record(w, &target)->is_aliased_prefix);
	assert_int_equal(counters_get(&w->counters, COUNTER_prefixes_aliased), 1);
	/* One SYN to each of 16 sub-prefixes. */
	assert_int_equal(counters_get(&w->counters, COUNTER_alias_probes), PREFIX_FANOUT);
	world_check_clean(w);
	world_destroy(w);
}

static void test_a_prefix_that_is_not_costs_one_packet(void **state)
{
	(void)state;
	for (unsigned prefix = 1; prefix <= 3; prefix += 2) {
		struct world *w = start(1);
		struct target target = host_in(prefix, 5);
		world_probe(w, &target, 0);
		world_drain(w, 60 * NS_PER_SEC);
		assert_false(world_record(w, &target)->is_aliased_prefix);
		assert_int_equal(counters_get(&w->counters, COUNTER_alias_probes), 1);
		world_check_clean(w);
		world_destroy(w);
	}
}

static void test_many_targets_send_three_scouts_and_no_more(void **state)
{
	(void)state;
	struct world *w = start(1);
	for (unsigned i = 0; i < 40; i++) {
		struct target target = host_in(3, i);
		world_probe(w, &target, 0);
		world_run(w, 2500 * NS_PER_MS);
	}
	world_drain(w, 60 * NS_PER_SEC);
	assert_int_equal(counters_get(&w->counters, COUNTER_alias_probes), PREFIX_SCOUTS);
	assert_int_equal(w->n_records, 40);
	for (unsigned i = 0; i < 40; i++)
		assert_false(w->records[i].is_aliased_prefix);
	world_check_clean(w);
	world_destroy(w);
}

static void test_lost_packets_hide_few_prefixes_and_invent_none(void **state)
{
	(void)state;
	struct world *w = start(7);
	enum { N = 200, HOSTS = 3 };
	w->loss = 50;
	for (unsigned h = 0; h < HOSTS; h++) {
		for (unsigned i = 0; i < N; i++) {
			struct target target = host_in(i, h);
			world_probe(w, &target, 0);
			world_probe(w, &target, 1);
			world_run(w, 20 * NS_PER_MS);
		}
	}
	world_drain(w, 120 * NS_PER_SEC);
	uint64_t n_found = counters_get(&w->counters, COUNTER_prefixes_aliased);
	print_message("           %u of %u aliased prefixes found\n", (unsigned)n_found, N / 2);
	assert_in_range(n_found, N / 2 * 99 / 100, N / 2);
	for (size_t i = 0; i < w->n_records; i++) {
		uint64_t hi, lo;
		ipaddr_get_u64(&w->records[i].target.addr, &hi, &lo);
		if (hi % 2)
			assert_false(w->records[i].is_aliased_prefix);
	}
	world_check_clean(w);
	world_destroy(w);
}

/* A longer prefix is aliased, the /64 around it is not. */
static enum peer_kind kind_by_112(const struct target *target)
{
	uint64_t hi, lo;
	ipaddr_get_u64(&target->addr, &hi, &lo);
	return lo < 65536 ? PEER_SSH : PEER_FILTERED;
}

static void test_each_length_has_its_own_verdict(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_alias_lengths = 2;
	config.alias_lengths[0] = 64;
	config.alias_lengths[1] = 112;
	struct world *w = world_create(&config, "auto", 3);
	w->kind_of = kind_by_112;
	struct target target = host_in(1, 5);
	world_probe(w, &target, 0);
	world_drain(w, 60 * NS_PER_SEC);
	assert_true(world_record(w, &target)->is_aliased_prefix);
	const struct prefix_table *table = engine_get_prefixes(w->engine);
	assert_int_equal(prefix_table_count(table), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct prefix *p = prefix_table_at(table, i);
		assert_int_equal(p->is_aliased, p->len == 112);
		assert_int_equal(__builtin_popcount(p->answered), p->len == 112 ? 16 : 0);
	}
	world_check_clean(w);
	world_destroy(w);
}

static void test_an_abort_in_the_middle_judges_nobody(void **state)
{
	(void)state;
	for (int64_t after = 0; after < 300 * NS_PER_MS; after += 10 * NS_PER_MS) {
		struct world *w = start(1);
		struct target target = host_in(0, 5);
		world_probe(w, &target, 0);
		world_run(w, 50 * NS_PER_MS + after);
		engine_abort(w->engine, w->now_ns);
		assert_int_equal(w->n_records, 1);
		bool is_judged = counters_get(&w->counters, COUNTER_prefixes_aliased) == 1;
		assert_true(is_judged || !w->records[0].is_aliased_prefix);
		world_check_clean(w);
		world_destroy(w);
	}
}

static void test_dense_v4_prefixes_are_counted_without_a_packet(void **state)
{
	(void)state;
	struct world *w = start(1);
	for (unsigned i = 0; i < 256; i++) {
		struct target target = {ipaddr_from_v4(0x0a0b0c00 + i), PORT};
		bool is_dense = prefix_table_count_v4(w->engine->prefixes, &target.addr, PORT);
		assert_int_equal(is_dense, i + 1 >= PREFIX_DENSE_MIN);
	}
	struct ipaddr other = ipaddr_from_v4(0x0a0b0d00);
	assert_false(prefix_table_is_dense(w->engine->prefixes, &other, PORT));
	assert_int_equal(prefix_table_count_dense(w->engine->prefixes), 1);
	assert_int_equal(counters_get(&w->counters, COUNTER_alias_probes), 0);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_only_target_of_an_aliased_prefix_is_labelled),
	    cmocka_unit_test(test_a_prefix_that_is_not_costs_one_packet),
	    cmocka_unit_test(test_many_targets_send_three_scouts_and_no_more),
	    cmocka_unit_test(test_lost_packets_hide_few_prefixes_and_invent_none),
	    cmocka_unit_test(test_each_length_has_its_own_verdict),
	    cmocka_unit_test(test_an_abort_in_the_middle_judges_nobody),
	    cmocka_unit_test(test_dense_v4_prefixes_are_counted_without_a_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
