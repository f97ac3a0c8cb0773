/* Claims about engine/middlebox: distinct test ports, a verdict that is a function of the counts, and
 * a bounded table of hosts that forgets only whom nobody needs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/middlebox.h"
#include "tests/unit/rng.h"

static const struct hash_key key = {{7, 8, 9}};

static void test_ports_are_ephemeral_distinct_and_repeatable(void **state)
{
	(void)state;
	struct rng rng = {60};
	static uint32_t counts[16];
	for (int i = 0; i < 20000; i++) {
		struct ipaddr addr = i & 1 ? ipaddr_from_v4((uint32_t)rng_next(&rng))
					   : ipaddr_from_u64(rng_next(&rng), rng_next(&rng));
		uint16_t ports[32];
		for (unsigned k = 0; k < 32; k++) {
			ports[k] = middlebox_test_port(&key, &addr, k);
			assert_in_range(ports[k], 32768, 60999);
			assert_int_equal(middlebox_test_port(&key, &addr, k), ports[k]);
			for (unsigned j = 0; j < k; j++)
				assert_int_not_equal(ports[j], ports[k]);
		}
		counts[(ports[0] - 32768) / 1765]++;
	}
	/* Spread over the range: 16 bins of 1250. */
	for (int i = 0; i < 16; i++)
		assert_in_range(counts[i], 1250 - 250, 1250 + 250);
}

static void test_one_walk_covers_the_whole_range_before_it_repeats(void **state)
{
	(void)state;
	enum { RANGE = 28232 };
	static bool is_used[RANGE];
	for (uint32_t host = 0; host < 40; host++) {
		struct ipaddr addr = ipaddr_from_v4(host);
		memset(is_used, 0, sizeof(is_used));
		for (unsigned i = 0; i < RANGE; i++) {
			uint16_t port = middlebox_test_port(&key, &addr, i);
			assert_false(is_used[port - 32768]);
			is_used[port - 32768] = true;
		}
	}
}

static void test_judge_counts_acknowledged_data_only(void **state)
{
	(void)state;
	for (unsigned threshold = 1; threshold <= 32; threshold++)
		for (uint8_t tested = 0; tested <= 32; tested++)
			for (uint8_t acked = 0; acked <= tested; acked++) {
				struct hyperack_evidence e = {
				    .n_tested = tested, .n_synack = tested, .n_acked_data = acked};
				enum hyperack_verdict want = tested < threshold ? HYPERACK_UNTESTED
							     : acked >= threshold ? HYPERACK_YES
										  : HYPERACK_NO;
				assert_int_equal(middlebox_judge(&e, threshold), want);
				e.n_synack = 0;
				assert_int_equal(middlebox_judge(&e, threshold), want);
			}
}

static void test_the_least_recently_used_host_gives_way(void **state)
{
	(void)state;
	enum { MAX = 16 };
	struct host_table *table;
	assert_int_equal(host_table_create(MAX, &key, &table), 0);
	for (uint32_t i = 0; i < MAX; i++) {
		struct ipaddr addr = ipaddr_from_v4(i);
		struct host *host = host_table_get(table, &addr);
		assert_non_null(host);
		host->n_ports = (uint16_t)(100 + i);
	}
	/* Look at 0 and 2: 1 is the oldest now. */
	struct ipaddr a0 = ipaddr_from_v4(0), a1 = ipaddr_from_v4(1), a2 = ipaddr_from_v4(2);
	assert_non_null(host_table_find(table, &a0));
	assert_non_null(host_table_get(table, &a2));
	struct ipaddr new = ipaddr_from_v4(99);
	assert_null(host_table_find(table, &new));
	struct host *host = host_table_get(table, &new);
	assert_non_null(host);
	assert_int_equal(host->n_ports, 0); /* a clean record */
	assert_true(ipaddr_equal(&host->addr, &new));
	assert_null(host_table_find(table, &a1));
	assert_int_equal(host_table_find(table, &a0)->n_ports, 100);
	assert_int_equal(host_table_find(table, &a2)->n_ports, 102);
	host_table_destroy(table);
}

static void test_pinned_hosts_stay(void **state)
{
	(void)state;
	enum { MAX = 16 };
	struct host_table *table;
	assert_int_equal(host_table_create(MAX, &key, &table), 0);
	for (uint32_t i = 0; i < MAX; i++) {
		struct ipaddr addr = ipaddr_from_v4(i);
		host_table_get(table, &addr)->n_sessions = 1;
	}
	struct ipaddr new = ipaddr_from_v4(99), a7 = ipaddr_from_v4(7);
	assert_null(host_table_get(table, &new));
	struct host *host = host_table_find(table, &a7);
	host->n_sessions = 0;
	assert_non_null(host_table_get(table, &new));
	assert_null(host_table_find(table, &a7));
	for (uint32_t i = 0; i < MAX; i++) {
		struct ipaddr addr = ipaddr_from_v4(i);
		assert_int_equal(host_table_find(table, &addr) != NULL, i != 7);
	}
	host_table_destroy(table);
}

static void test_agrees_with_a_model_over_random_operations(void **state)
{
	(void)state;
	enum { MAX = 24, NAMES = 80 };
	struct host_table *table;
	struct rng rng = {61};
	static struct {
		bool is_in;
		uint32_t pins;
		uint64_t used_at;
	} model[NAMES];
	uint64_t now = 0;
	size_t n_in = 0;
	assert_int_equal(host_table_create(MAX, &key, &table), 0);
	for (int i = 0; i < 300000; i++) {
		uint32_t name = rng_below(&rng, NAMES);
		struct ipaddr addr = ipaddr_from_v4(name);
		uint32_t op = rng_below(&rng, 4);
		struct host *host =
		    op == 0 ? host_table_find(table, &addr) : host_table_get(table, &addr);
		bool can_get = model[name].is_in;
		if (op != 0 && !model[name].is_in) {
			/* The oldest unpinned one goes, when all places are taken. */
			uint32_t victim = NAMES;
			for (uint32_t k = 0; k < NAMES; k++)
				if (model[k].is_in && !model[k].pins &&
				    (victim == NAMES || model[k].used_at < model[victim].used_at))
					victim = k;
			can_get = n_in < MAX || victim != NAMES;
			if (n_in == MAX && victim != NAMES)
				model[victim].is_in = false;
			n_in += n_in < MAX;
			model[name].is_in = can_get;
			model[name].pins = 0;
		}
		assert_int_equal(host != NULL, can_get);
		if (!host)
			continue;
		model[name].used_at = ++now;
		assert_true(ipaddr_equal(&host->addr, &addr));
		assert_int_equal(host->n_sessions, model[name].pins);
		if (op == 2 && rng_below(&rng, 3) == 0)
			model[name].pins = ++host->n_sessions;
		else if (host->n_sessions && rng_below(&rng, 2))
			model[name].pins = --host->n_sessions;
	}
	host_table_destroy(table);
}

static void test_create_refuses_nonsense(void **state)
{
	(void)state;
	struct host_table *table = NULL;
	assert_int_equal(host_table_create(0, &key, &table), -EINVAL);
	assert_int_equal(host_table_create(UINT32_MAX, &key, &table), -EINVAL);
	assert_null(table);
	host_table_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ports_are_ephemeral_distinct_and_repeatable),
	    cmocka_unit_test(test_one_walk_covers_the_whole_range_before_it_repeats),
	    cmocka_unit_test(test_judge_counts_acknowledged_data_only),
	    cmocka_unit_test(test_the_least_recently_used_host_gives_way),
	    cmocka_unit_test(test_pinned_hosts_stay),
	    cmocka_unit_test(test_agrees_with_a_model_over_random_operations),
	    cmocka_unit_test(test_create_refuses_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
