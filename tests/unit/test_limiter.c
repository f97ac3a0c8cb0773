/* Claims about tx/limiter: never more than rate * t + burst for any clocks and any number of takers, and
 * exactly the rate in the long run. */
#include <pthread.h>
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
			int64_t span = (int64_t)rng_shifted(&rng, 28, 35);
			now += rng_below(&rng, 5) ? span / 8 : -span;
			/* One who wants nothing tells the bucket nothing: his clock is not seen. */
			uint64_t max = rng_below(&rng, 2) ? UINT64_MAX : 1 + rng_below(&rng, 99);
			uint64_t n = limiter_take(&limiter, max, 1, now);
			assert_true(n <= max);
			/* Some of it comes back. */
			uint64_t back = rng_below(&rng, 3) ? 0 : rng_next(&rng) % (n + 1);
			limiter_give(&limiter, back);
			top = now > top ? now : top;
			granted += (double)(n - back);
			double line = granted - rate * (double)(top - start) / 1e9;
			/* Two ticks of 1/64 ns, and what doubles of this size are off. */
			double slack = 2 * rate / 64e9 + granted * 1e-15;
			assert_true(
			    line - floor <= burst_of(rate, unit) * (1 + 1e-9) + 1e-3 + slack);
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
		assert_int_equal(limiter_take(&limiter, 10, 1, now), 1);
		for (int i = 0; i < 1000; i++)
			assert_int_equal(limiter_take(&limiter, 10, 1, now - i * NS_PER_SEC), 0);
	}
}

static void test_a_jump_ahead_gives_one_burst(void **state)
{
	(void)state;
	for (int r = 0; r < N_RATES; r++) {
		struct limiter limiter;
		limiter_init(&limiter, rates[r], 1, 0);
		uint64_t n = limiter_take(&limiter, UINT64_MAX, 1, INT64_MAX);
		assert_true((double)n <= burst_of(rates[r], 1) + 1e-6);
		assert_true((double)n > burst_of(rates[r], 1) - 1);
		assert_int_equal(limiter_take(&limiter, UINT64_MAX, 1, INT64_MAX), 0);
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
		/* About 2 million grants or 1000 s, whichever is less. */
		double seconds = 2e6 / rate > 1000 ? 1000 : 2e6 / rate;
		limiter_init(&limiter, rate, 1, now);
		double granted = 0;
		while ((double)(now - start) < seconds * 1e9) {
			granted += (double)limiter_take(&limiter, 64, 1, now);
			int64_t wait = limiter_wait_ns(&limiter, 1, now);
			assert_true(wait > 0);
			now += wait;
		}
		double want = rate * (double)(now - start) / 1e9;
		assert_true(granted <= want + 1.001);
		assert_true(granted >= want - 1.001 - want * 1e-5);
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
		(void)limiter_take(&limiter, 1 + rng_below(&rng, (uint32_t)unit), 1, now);
		double want = 1 + rng_below(&rng, (uint32_t)unit);
		int64_t wait = limiter_wait_ns(&limiter, want, now);
		assert_true(wait >= 0);
		if (wait == 0 || wait >= 3600 * NS_PER_SEC)
			continue;
		struct limiter early = limiter;
		assert_true(limiter_wait_ns(&limiter, want, now + wait + 1) == 0);
		assert_int_equal(limiter_take(&limiter, 1, want, now + wait + 1), 1);
		if (wait > 10)
			assert_int_equal(limiter_take(&early, 1, want, now + wait - 10), 0);
	}
}

static void test_units_are_taken_whole(void **state)
{
	(void)state;
	struct limiter limiter;
	limiter_init(&limiter, 1e6, 1000, 0); /* bytes: 10,000 can be saved */
	assert_int_equal(limiter_take(&limiter, 5, 600, 0), 1);
	assert_int_equal(limiter_take(&limiter, 5, 600, 0), 0); /* 400 are left */
	assert_int_equal(limiter_take(&limiter, 9, 100, 0), 4);
	limiter_give(&limiter, 150);
	assert_int_equal(limiter_take(&limiter, 9, 100, 0), 1);
	assert_int_equal(limiter_take(&limiter, 9, 1000, NS_PER_SEC), 9);
	assert_int_equal(limiter_take(&limiter, 9, 1000, NS_PER_SEC), 1);
}

static void test_a_new_rate_holds_from_now_on(void **state)
{
	(void)state;
	struct limiter limiter;
	limiter_init(&limiter, 1000, 1, 0);
	int64_t now = 0;
	static const double steps[] = {1000, 100, 250000, 0.5, 40};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		limiter_set_rate(&limiter, steps[i]);
		/* What was saved goes first. */
		(void)limiter_take(&limiter, UINT64_MAX, 1, now);
		int64_t start = now;
		double granted = 0;
		while (now - start < 10 * NS_PER_SEC) {
			now += NS_PER_MS;
			granted += (double)limiter_take(&limiter, UINT64_MAX, 1, now);
		}
		assert_true(granted <= steps[i] * 10 + 1);
		assert_true(granted >= steps[i] * 10 * 0.999 - 1);
	}
}

/* ---- several takers ---- */

enum { N_TAKERS = 4 };

struct taker {
	struct limiter *limiter;
	struct rng rng;
	int64_t until_ns;
	uint64_t n_taken;
	pthread_t thread;
};

static void *take_all(void *arg)
{
	struct taker *t = arg;
	for (int64_t now = clock_mono_ns(); now < t->until_ns; now = clock_mono_ns()) {
		uint64_t n = limiter_take(t->limiter, 64, 1, now);
		uint64_t back = rng_below(&t->rng, 4) ? 0 : rng_next(&t->rng) % (n + 1);
		limiter_give(t->limiter, back);
		t->n_taken += n - back;
	}
	return NULL;
}

static void test_takers_together_get_the_rate_and_no_more(void **state)
{
	(void)state;
	static const double some[] = {20, 50000, 3e6};
	for (size_t r = 0; r < sizeof(some) / sizeof(some[0]); r++) {
		struct limiter limiter;
		struct taker takers[N_TAKERS];
		int64_t start = clock_mono_ns();
		limiter_init(&limiter, some[r], 1, start);
		for (int i = 0; i < N_TAKERS; i++) {
			takers[i] = (struct taker){.limiter = &limiter,
			    .rng = {(uint64_t)i + 5},
			    .until_ns = start + 300 * NS_PER_MS};
			assert_int_equal(
			    pthread_create(&takers[i].thread, NULL, take_all, &takers[i]), 0);
		}
		double n = 0;
		for (int i = 0; i < N_TAKERS; i++) {
			pthread_join(takers[i].thread, NULL);
			n += (double)takers[i].n_taken;
		}
		/* The last look at the clock was before the end. A machine that stops for longer than
		 * 10 ms loses tokens: only the upper bound is a law. */
		assert_true(n <= some[r] * 0.3 + burst_of(some[r], 1) + 1);
		assert_true(n >= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_any_clock_never_gets_more_than_rate_and_burst),
	    cmocka_unit_test(test_clock_that_stands_still_or_runs_back_gives_nothing_more),
	    cmocka_unit_test(test_a_jump_ahead_gives_one_burst),
	    cmocka_unit_test(test_the_long_run_is_exact),
	    cmocka_unit_test(test_waiting_as_told_is_enough_and_little_less_is_not),
	    cmocka_unit_test(test_units_are_taken_whole),
	    cmocka_unit_test(test_a_new_rate_holds_from_now_on),
	    cmocka_unit_test(test_takers_together_get_the_rate_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
