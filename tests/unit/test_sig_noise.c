/* Noise is not named: random bytes, and bytes made like binary protocols, with zeros, small numbers and
 * a length that happens to agree. A rule that is too weak shows here first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/diag.h"
#include "sig/sig.h"
#include "tests/unit/rng.h"

enum { N_INPUTS = 400000, LEN_MAX = 48 };

static struct rng rng = {20261122};

/* One byte in keep is not zero, and that one is below limit. */
static void fill(uint8_t *bytes, size_t len, uint32_t keep, uint32_t limit)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = rng_below(&rng, keep) ? 0 : (uint8_t)(rng_below(&rng, limit));
}

/* Names what is named. Returns how many were. */
static unsigned count_named(uint32_t keep, uint32_t limit, bool has_length)
{
	struct diag diag = {""};
	struct sig_set *set = NULL;
	struct sig_scratch *scratch = NULL;
	unsigned n_named = 0;
	assert_int_equal(sig_set_create(NULL, 0, NULL, &diag, &set), 0);
	assert_int_equal(sig_scratch_create(set, &scratch), 0);
	for (int i = 0; i < N_INPUTS; i++) {
		uint8_t bytes[LEN_MAX];
		struct sig_verdict verdict;
		size_t len = 1 + rng_below(&rng, LEN_MAX);
		fill(bytes, len, keep, limit);
		if (has_length && len > 4)
			bytes[rng_below(&rng, 4)] = (uint8_t)(len - rng_below(&rng, 3) * 2);
		struct sig_input input = {.bytes = bytes, .len = len};
		sig_match(set, scratch, &input, &verdict);
		if (!verdict.protocol)
			continue;
		if (n_named++ < 10)
			printf("named %s/%s, %zu bytes\n", verdict.protocol, verdict.rule, len);
	}
	sig_scratch_destroy(scratch);
	sig_set_destroy(set);
	return n_named;
}

static void test_random_bytes(void **state)
{
	(void)state;
	assert_in_range(count_named(1, 256, false), 0, N_INPUTS / 50000);
}

static void test_small_numbers_and_lengths(void **state)
{
	(void)state;
	assert_in_range(count_named(2, 16, true), 0, N_INPUTS / 5000);
}

static void test_mostly_zeros(void **state)
{
	(void)state;
	assert_in_range(count_named(4, 4, true), 0, N_INPUTS / 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_bytes),
	    cmocka_unit_test(test_small_numbers_and_lengths),
	    cmocka_unit_test(test_mostly_zeros),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
