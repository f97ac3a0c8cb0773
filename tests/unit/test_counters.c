/* Claims about base/counters: every row is usable, sums are sums, names are well formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/counters.h"

static void test_sum_adds_threads_and_skips_absent_ones(void **state)
{
	(void)state;
	static struct counters a, b;
	counters_add(&a, COUNTER_syn_sent, 2);
	counters_add(&a, COUNTER_syn_sent, 3);
	counters_add(&b, COUNTER_syn_sent, 7);
	counters_set(&a, COUNTER_sessions_open, 5);
	counters_set(&a, COUNTER_sessions_open, 4);
	counters_set(&b, COUNTER_sessions_open, 1);
	const struct counters *all[] = {&a, NULL, &b};
	struct counters_snapshot sum;
	memset(&sum, 0xff, sizeof(sum));
	counters_sum(all, 3, &sum);
	assert_int_equal(sum.v[COUNTER_syn_sent], 12);
	assert_int_equal(sum.v[COUNTER_sessions_open], 5);
	assert_int_equal(sum.v[COUNTER_kernel_drops], 0);
	assert_int_equal(counters_get(&b, COUNTER_syn_sent), 7);
}

static void test_every_row_is_well_formed_and_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_row *row = counters_get_row((enum counter_id)i);
		/* A Prometheus metric name. */
		assert_int_equal(
		    strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(row->name));
		assert_true(strlen(row->help) > 8);
		assert_null(strpbrk(row->help, "\\\n"));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
			    row->name, counters_get_row((enum counter_id)k)->name);
	}
}

static void test_threads_never_share_a_cache_line(void **state)
{
	(void)state;
	static struct counters pair[2];
	assert_int_equal((uintptr_t)&pair[0] % 64, 0);
	assert_int_equal((uintptr_t)&pair[1] % 64, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sum_adds_threads_and_skips_absent_ones),
	    cmocka_unit_test(test_every_row_is_well_formed_and_unique),
	    cmocka_unit_test(test_threads_never_share_a_cache_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
