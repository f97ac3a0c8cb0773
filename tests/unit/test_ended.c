/* Claims about engine/ended: a RST is on its way for a round trip and 100 ms, whatever else was reset, and not
 * longer; what a peer says of the round trip does not make it last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/ended.h"
#include "tests/unit/rng.h"

static void test_lasts_a_round_trip_and_a_moment(void **state)
{
	(void)state;
	static const struct {
		int32_t rtt_us;
		int64_t lasts_ms;
	} cases[] = {{-1, 100}, {0, 100}, {999, 100}, {50000, 150}, {2000000, 2100},
	    {3000000, 3100}, {INT32_MAX, 3100}};
	/* The last begins where milliseconds wrap round in 32 bits. */
	static const int64_t starts_ms[] = {5, 86400000, (INT64_C(1) << 32) - 70};
	for (size_t k = 0; k < sizeof(starts_ms) / sizeof(starts_ms[0]); k++) {
		struct ended *ended;
		assert_int_equal(ended_create(&ended), 0);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			uint64_t hash = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
			int64_t now = starts_ms[k] * NS_PER_MS;
			assert_false(ended_is_recent(ended, hash, now));
			ended_note(ended, hash, cases[i].rtt_us, now);
			assert_true(ended_is_recent(ended, hash, now));
			assert_true(ended_is_recent(
			    ended, hash, now + (cases[i].lasts_ms - 1) * NS_PER_MS));
			assert_false(ended_is_recent(
			    ended, hash, now + (cases[i].lasts_ms + 1) * NS_PER_MS));
			assert_false(ended_is_recent(ended, hash, now + 3600 * NS_PER_SEC));
			assert_false(ended_is_recent(ended, hash ^ 1, now));
		}
		ended_destroy(ended);
	}
	ended_destroy(NULL);
}

/* Hundreds at once are kept; a later one at an earlier one's place is told from it. */
static void test_few_at_once_rarely_push_each_other_out(void **state)
{
	(void)state;
	enum { N = 500 };
	struct rng rng = {4};
	struct ended *ended;
	uint64_t hashes[N];
	size_t n_kept = 0;
	assert_int_equal(ended_create(&ended), 0);
	for (size_t i = 0; i < N; i++) {
		hashes[i] = rng_next(&rng);
		ended_note(ended, hashes[i], 1000, NS_PER_SEC);
	}
	for (size_t i = 0; i < N; i++)
		n_kept += ended_is_recent(ended, hashes[i], NS_PER_SEC + 50 * NS_PER_MS);
	assert_true(n_kept > N * 9 / 10);
	ended_note(ended, hashes[7] ^ 5, 1000, NS_PER_SEC);
	assert_false(ended_is_recent(ended, hashes[7], NS_PER_SEC));
	assert_true(ended_is_recent(ended, hashes[7] ^ 5, NS_PER_SEC));
	ended_destroy(ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lasts_a_round_trip_and_a_moment),
	    cmocka_unit_test(test_few_at_once_rarely_push_each_other_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
