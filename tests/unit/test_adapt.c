/* Claims about tx/adapt, against a path that loses what is beyond its capacity: the rate goes where nothing
 * is lost, stays near it, comes back when it can, and never leaves its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/rng.h"
#include "tx/adapt.h"

/* A sender that can do top_pps, in front of something that can do capacity_pps. */
struct path {
	double top_pps, capacity_pps;
	bool drops_on_the_way_out; /* or on the way in: half of what is sent is answered */
	struct adapt adapt;
	struct adapt_sample total;
	double n_sent, n_lost; /* since path_forget */
	double seconds;
};

static void path_init(struct path *p, double min_pps, double max_pps, double top, double capacity)
{
	*p = (struct path){.top_pps = top, .capacity_pps = capacity};
	p->total.at_ns = 100 * NS_PER_SEC;
	adapt_init(&p->adapt, min_pps, max_pps, p->total.at_ns);
}

static void path_forget(struct path *p)
{
	p->n_sent = p->n_lost = p->seconds = 0;
}

/* Lets seconds pass in looks of 100 ms. */
static void path_run(struct path *p, double seconds)
{
	for (double t = 0; t < seconds - 0.05; t += 0.1) {
		double pps = p->adapt.pps < p->top_pps ? p->adapt.pps : p->top_pps;
		double lost = pps > p->capacity_pps ? pps - p->capacity_pps : 0;
		p->total.at_ns += NS_PER_SEC / 10;
		p->total.n_sent += (uint64_t)(pps / 10);
		if (p->drops_on_the_way_out) {
			p->total.n_tx_lost += (uint64_t)(lost / 10);
		} else {
			p->total.n_received += (uint64_t)((pps - lost) / 20);
			p->total.n_rx_lost += (uint64_t)(lost / 20);
		}
		p->n_sent += pps / 10;
		p->n_lost += lost / 10;
		p->seconds += 0.1;
		double allowed = adapt_step(&p->adapt, &p->total);
		assert_true(allowed == p->adapt.pps);
		assert_true(allowed >= p->adapt.min_pps && allowed <= p->adapt.max_pps);
		assert_true(p->adapt.lowest_pps <= allowed);
	}
}

static void test_without_loss_the_rate_is_the_one_asked_for(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 100, 10000, 1e6, 1e6);
	path_run(&p, 100);
	assert_true(p.adapt.pps == 10000 && p.adapt.n_slowdowns == 0);
	/* Asked for ten times what is possible, nothing lost: still nothing to slow. */
	path_init(&p, 100, 1e7, 1e6, 2e6);
	path_run(&p, 100);
	assert_true(p.adapt.pps == 1e7 && p.adapt.n_slowdowns == 0);
}

static void test_the_rate_settles_at_the_capacity(void **state)
{
	(void)state;
	static const double asked[] = {1.5, 10, 1000};
	for (int out = 0; out < 2; out++)
		for (int i = 0; i < 3; i++) {
			struct path p;
			double capacity = 200000;
			/* The sender itself can do three times as much. */
			path_init(&p, 1000, asked[i] * capacity, 3 * capacity, capacity);
			p.drops_on_the_way_out = out;
			path_run(&p, 20);
			path_forget(&p);
			path_run(&p, 300);
			double got = (p.n_sent - p.n_lost) / p.seconds;
			assert_true(got > 0.78 * capacity);
			assert_true(p.n_lost / p.n_sent < 0.01);
		}
}

static void test_far_too_fast_is_mended_at_once(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 1000, 1e8, 1e6, 500000);
	path_run(&p, 0.3);
	/* Not from 1e8 step by step: what was sent is the measure. */
	assert_true(p.adapt.pps <= 700001);
	path_run(&p, 1);
	assert_true(p.adapt.pps <= 500000);
}

static void test_it_never_goes_below_the_least_rate(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 5000, 100000, 1e6, 100);
	path_run(&p, 60);
	assert_true(p.adapt.pps < 5600 && p.adapt.lowest_pps == 5000);
	path_init(&p, 100000, 100000, 1e6, 100);
	path_run(&p, 10);
	assert_true(p.adapt.pps == 100000);
}

static void test_it_comes_back_when_the_trouble_is_over(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 10, 10000, 1e6, 6000);
	path_run(&p, 10);
	assert_true(p.adapt.pps < 7000 && p.adapt.n_slowdowns > 0);
	p.capacity_pps = 1e6;
	uint64_t n = p.adapt.n_slowdowns;
	path_run(&p, 15);
	assert_true(p.adapt.pps == 10000);
	assert_true(p.adapt.n_slowdowns == n && p.adapt.lowest_pps < 5000);
}

static void test_one_loss_slows_once(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 10, 10000, 1e6, 1e6);
	path_run(&p, 2);
	p.total.n_rx_lost += 500;
	path_run(&p, 0.1);
	assert_int_equal(p.adapt.n_slowdowns, 1);
	assert_true(p.adapt.pps > 6990 && p.adapt.pps < 7010);
	path_run(&p, 5);
	assert_int_equal(p.adapt.n_slowdowns, 1);
	assert_true(p.adapt.pps == 10000);
}

static void test_a_stray_loss_is_no_reason(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 10, 1e6, 1e6, 2e6);
	for (int i = 0; i < 50; i++) {
		path_run(&p, 0.1);
		p.total.n_rx_lost += 40; /* of 50,000 that come in this time */
	}
	assert_int_equal(p.adapt.n_slowdowns, 0);
}

static void test_a_rate_that_is_not_used_is_not_raised(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 10, 1e6, 1e6, 500000);
	path_run(&p, 5);
	double before = p.adapt.pps;
	p.top_pps = 1000; /* few targets are left, or the valve is closed */
	path_run(&p, 60);
	assert_true(p.adapt.pps == before);
}

static void test_a_stall_that_loses_packets_does_not_count_as_the_rate(void **state)
{
	(void)state;
	struct path p;
	path_init(&p, 10, 100000, 1e6, 1e6);
	path_run(&p, 5);
	/* A second in which nothing was sent and answers were lost. */
	p.total.at_ns += NS_PER_SEC;
	p.total.n_rx_lost += 10000;
	(void)adapt_step(&p.adapt, &p.total);
	assert_true(p.adapt.pps > 60000 && p.adapt.pps < 71000);
}

static void test_looks_at_any_time_break_nothing(void **state)
{
	(void)state;
	struct rng rng = {12};
	struct adapt adapt;
	struct adapt_sample s = {.at_ns = NS_PER_SEC};
	adapt_init(&adapt, 3, 70000, s.at_ns);
	for (int i = 0; i < 200000; i++) {
		s.at_ns += (int64_t)rng_shifted(&rng, 30, 30);
		s.n_sent += rng_shifted(&rng, 40, 24);
		s.n_received += rng_shifted(&rng, 40, 24);
		s.n_rx_lost += rng_below(&rng, 3) ? 0 : rng_shifted(&rng, 40, 24);
		s.n_tx_lost += rng_below(&rng, 3) ? 0 : rng_shifted(&rng, 40, 24);
		double pps = adapt_step(&adapt, &s);
		assert_true(pps >= 3 && pps <= 70000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_loss_the_rate_is_the_one_asked_for),
	    cmocka_unit_test(test_the_rate_settles_at_the_capacity),
	    cmocka_unit_test(test_far_too_fast_is_mended_at_once),
	    cmocka_unit_test(test_it_never_goes_below_the_least_rate),
	    cmocka_unit_test(test_it_comes_back_when_the_trouble_is_over),
	    cmocka_unit_test(test_one_loss_slows_once),
	    cmocka_unit_test(test_a_stray_loss_is_no_reason),
	    cmocka_unit_test(test_a_rate_that_is_not_used_is_not_raised),
	    cmocka_unit_test(test_a_stall_that_loses_packets_does_not_count_as_the_rate),
	    cmocka_unit_test(test_looks_at_any_time_break_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
