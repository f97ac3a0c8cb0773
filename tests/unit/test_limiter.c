/* Claims about tx/limiter: never more than rate * t + burst for any clock, and exactly the rate in the
 * long run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/rng.h"
#include "tx/limiter.h"

static const double rates[] = {
    0.5, 1, 3.3, 99.9, 100, 101, 10000, 123456.789, 1e6, 1.25e9 /* bytes of 10 Gbit/s */};
enum { N_RATES = sizeof(rates) / sizeof(rates[0]) };

static double burst_of(double rate, double unit)
{
	return rate * 0.010 > unit ? rate * 0.010 : unit;
}

static void test_any_clock_never_gets_more_than_rate_and_burst(void **state)
{
	(void)state;
	struct rng rng = {90};
	for (int round = 0; round < 400; round++) {
		double rate = rates[rng_below(&rng, N_RATES)];
		double unit = rng_below(&rng, 2) ? 1 : 1514;
		int64_t now = (int64_t)(rng_next(&rng) >> 8), top = now;
		int64_t start = now;
		struct limiter limiter;
		limiter_init(&limiter, rate, unit, now);
		double granted = 0, floor = 0; /* least of granted - rate * t so far */
		for (int i = 0; i < 3000; i++) {
			/* Forwards mostly, backwards and far ahead sometimes. */
			int64_t span = (int64_t)(rng_next(&rng) >> (28 + rng_below(&rng, 35)));
			now += rng_below(&rng, 5) ? span / 8 : -span;
			uint64_t n = limiter_available(&limiter, now);
			uint64_t take = rng_below(&rng, 3) ? n : rng_next(&rng) % (n + 1);
			limiter_spend(&limiter, (double)take);
			top = now > top ? now : top;
			granted += (double)take;
			double line = granted - rate * (double)(top - start) / 1e9;
			assert_true(line - floor <= burst_of(rate, unit) * (1 + 1e-9) + 1e-3);
			if (line < floor)
				floor = line;
		}
	}
}

static void test_clock_that_stands_still_or_runs_back_gives_nothing_more(void **state)
{
	(void)state;
	for (int r = 0; r < N_RATES; r++) {
		struct limiter limiter;
		int64_t now = 1000 * NS_PER_SEC;
		limiter_init(&limiter, rates[r], 1, now);
		uint64_t n = limiter_available(&limiter, now);
		assert_int_equal(n, 1);
		limiter_spend(&limiter, 1);
		for (int i = 0; i < 1000; i++)
			assert_int_equal(limiter_available(&limiter, now - i * NS_PER_SEC), 0);
	}
}

static void test_a_jump_ahead_gives_one_burst(void **state)
{
	(void)state;
	for (int r = 0; r < N_RATES; r++) {
		struct limiter limiter;
		limiter_init(&limiter, rates[r], 1, 0);
		uint64_t n = limiter_available(&limiter, INT64_MAX);
		assert_true((double)n <= burst_of(rates[r], 1));
		assert_true((double)n > burst_of(rates[r], 1) - 1);
	}
}

static void test_the_long_run_is_exact(void **state)
{
	(void)state;
	for (int r = 0; r < N_RATES - 1; r++) {
		struct limiter limiter;
		double rate = rates[r];
		int64_t now = 77 * NS_PER_SEC + 13;
		int64_t start = now;
		/* About 2 million grants or 1000 s, whichever is more. */
		double seconds = 2e6 / rate > 1000 ? 1000 : 2e6 / rate;
		limiter_init(&limiter, rate, 1, now);
		double granted = 0;
		while ((double)(now - start) < seconds * 1e9) {
			uint64_t n = limiter_available(&limiter, now);
			limiter_spend(&limiter, (double)n);
			granted += (double)n;
			int64_t wait = limiter_wait_ns(&limiter, 1);
			assert_true(wait > 0);
			now += wait;
		}
		double want = rate * (double)(now - start) / 1e9;
		assert_true(granted <= want + 1.001);
		assert_true(granted >= want - 1.001 - want * 1e-6);
	}
}

static void test_waiting_as_told_is_enough_and_little_less_is_not(void **state)
{
	(void)state;
	struct rng rng = {91};
	for (int i = 0; i < 20000; i++) {
		struct limiter limiter;
		double rate = rates[rng_below(&rng, N_RATES)];
		double unit = rng_below(&rng, 2) ? 1 : 1514;
		int64_t now = (int64_t)(rng_next(&rng) >> 8);
		limiter_init(&limiter, rate, unit, now);
		uint64_t n = limiter_available(&limiter, now);
		limiter_spend(&limiter, (double)n - (rng_below(&rng, 100) / 100.0));
		double want = 1 + rng_below(&rng, (uint32_t)unit);
		int64_t wait = limiter_wait_ns(&limiter, want);
		assert_true(wait >= 0);
		if (wait == 0 || wait >= 3600 * NS_PER_SEC)
			continue;
		struct limiter early = limiter;
		assert_true(limiter_available(&limiter, now + wait) >= (uint64_t)want);
		assert_int_equal(limiter_wait_ns(&limiter, want), 0);
		if (wait > 10)
			assert_true(limiter_available(&early, now + wait - 10) <= (uint64_t)want);
	}
}

static void test_debt_is_paid_before_the_next_grant(void **state)
{
	(void)state;
	struct limiter limiter;
	limiter_init(&limiter, 1000, 1, 0);
	limiter_spend(&limiter, 11); /* ten too many: 10 ms */
	assert_int_equal(limiter_available(&limiter, 10 * NS_PER_MS), 0);
	assert_int_equal(limiter_available(&limiter, 11 * NS_PER_MS + 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_any_clock_never_gets_more_than_rate_and_burst),
	    cmocka_unit_test(test_clock_that_stands_still_or_runs_back_gives_nothing_more),
	    cmocka_unit_test(test_a_jump_ahead_gives_one_burst),
	    cmocka_unit_test(test_the_long_run_is_exact),
	    cmocka_unit_test(test_waiting_as_told_is_enough_and_little_less_is_not),
	    cmocka_unit_test(test_debt_is_paid_before_the_next_grant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
