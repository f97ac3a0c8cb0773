/* Claims about engine/seen: a window of the last `capacity` targets, exact at its edges. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/seen.h"
#include "tests/unit/rng.h"

static const struct hash_key key = {{1, 2, 3}};

static struct target nth(uint32_t n)
{
	return (struct target){
	    n & 1 ? ipaddr_from_v4(n) : ipaddr_from_u64(n, ~(uint64_t)n), (uint16_t)(n * 7 + 1)};
}

static void test_create_refuses_capacities_that_are_no_power_of_two_in_range(void **state)
{
	(void)state;
	static const size_t bad[] = {0, 1, 512, 1023, 1025, 3000, (size_t)1 << 29, SIZE_MAX};
	struct seen *seen = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(seen_create(bad[i], &key, &seen), -EINVAL);
		assert_null(seen);
	}
	assert_int_equal(seen_create((size_t)1 << 28, &key, &seen), 0); /* lazily touched */
	seen_destroy(seen);
	seen_destroy(NULL);
}

static void test_remembers_exactly_the_last_capacity_targets(void **state)
{
	(void)state;
	enum { CAPACITY = 1024 };
	struct seen *seen;
	assert_int_equal(seen_create(CAPACITY, &key, &seen), 0);
	for (uint32_t n = 0; n < 10 * CAPACITY; n++) {
		struct target target = nth(n);
		assert_false(seen_has(seen, &target));
		assert_true(seen_add(seen, &target));
		assert_false(seen_add(seen, &target));
		assert_true(seen_has(seen, &target));
		if (n >= CAPACITY) {
			struct target oldest = nth(n - CAPACITY + 1), gone = nth(n - CAPACITY);
			assert_true(seen_has(seen, &oldest));
			assert_false(seen_has(seen, &gone));
		}
		if (n % 997 == 0)
			for (uint32_t k = 0; k <= n; k++) {
				struct target t = nth(k);
				assert_int_equal(seen_has(seen, &t), k + CAPACITY > n);
			}
	}
	seen_destroy(seen);
}

static void test_agrees_with_a_list_over_random_operations(void **state)
{
	(void)state;
	enum { CAPACITY = 1024, NAMES = 4000 };
	static uint64_t added_at[NAMES]; /* 1 + how many were added before it; 0: never */
	struct seen *seen;
	struct rng rng = {40};
	uint64_t n_added = 0;
	assert_int_equal(seen_create(CAPACITY, &key, &seen), 0);
	for (int i = 0; i < 1000000; i++) {
		uint32_t n = rng_below(&rng, NAMES);
		struct target target = nth(n);
		bool is_in = added_at[n] && added_at[n] + CAPACITY > n_added;
		assert_int_equal(seen_has(seen, &target), is_in);
		if (rng_below(&rng, 3))
			continue;
		assert_int_equal(seen_add(seen, &target), !is_in);
		if (!is_in)
			added_at[n] = ++n_added;
	}
	seen_destroy(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_create_refuses_capacities_that_are_no_power_of_two_in_range),
	    cmocka_unit_test(test_remembers_exactly_the_last_capacity_targets),
	    cmocka_unit_test(test_agrees_with_a_list_over_random_operations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
