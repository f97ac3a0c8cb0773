/* netsim's timing wheel against a plain list: nothing early, nothing late, nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/netsim/mix.h"
#include "tests/netsim/wheel.h"

enum { N = 500 };

struct model {
	int64_t due[N]; /* 0: not armed */
	int64_t now;
	int64_t last;
	unsigned n_fired;
};

static void fire(void *ctx, uint32_t i)
{
	struct model *m = ctx;
	assert_true(m->due[i] != 0);
	assert_true(m->due[i] <= m->now);
	m->due[i] = 0;
	m->n_fired++;
}

static void agrees_with_a_list(void **state)
{
	(void)state;
	struct wheel *w;
	struct model m = {.now = 1000 * NS_PER_SEC};
	assert_int_equal(wheel_create(N, &w), 0);
	wheel_expire(w, m.now, fire, &m);
	uint64_t h = 7;
	for (int step = 0; step < 200000; step++) {
		h = mix64(h + 1);
		uint32_t i = (uint32_t)(h % N);
		if (h >> 32 & 1) {
			/* up to 40 s: several turns of the wheel */
			m.due[i] =
			    m.now + 1 +
			    (int64_t)(h >> 33) % (step % 5 ? NS_PER_SEC / 10 : 40 * NS_PER_SEC);
			wheel_arm(w, i, m.due[i]);
		} else if (h >> 34 & 1) {
			m.due[i] = 0;
			wheel_cancel(w, i);
		} else {
			m.now +=
			    (int64_t)(h >> 35) % (step % 100 ? 3 * NS_PER_MS : 20 * NS_PER_SEC);
			wheel_expire(w, m.now, fire, &m);
			for (int k = 0; k < N; k++) {
				/* one millisecond of rounding at most */
				assert_true(m.due[k] == 0 || m.due[k] > m.now - NS_PER_MS);
				assert_int_equal(m.due[k] != 0, wheel_is_armed(w, (uint32_t)k));
			}
		}
	}
	assert_true(m.n_fired > 10000);
	wheel_destroy(w);
}

struct chain {
	struct wheel *w;
	unsigned n;
	int64_t now;
};

static void again(void *ctx, uint32_t i)
{
	struct chain *c = ctx;
	c->n++;
	wheel_arm(c->w, i, c->now);
	wheel_cancel(c->w, 1 - i);
}

/* Arming and cancelling from within the callback is what connections do. */
static void callback_may_change_the_wheel(void **state)
{
	(void)state;
	struct chain c = {.n = 0};
	assert_int_equal(wheel_create(2, &c.w), 0);
	wheel_arm(c.w, 0, NS_PER_SEC);
	for (int i = 0; i < 10; i++) {
		c.now = (1000 + i) * NS_PER_MS;
		wheel_expire(c.w, c.now, again, &c);
	}
	assert_int_equal(c.n, 10);
	assert_int_equal(wheel_count(c.w), 1);
	wheel_destroy(c.w);
}

static void count(void *ctx, uint32_t i)
{
	(void)i;
	++*(unsigned *)ctx;
}

static void arming_by_a_time_keeps_the_earlier_one(void **state)
{
	(void)state;
	struct wheel *w;
	unsigned n = 0;
	assert_int_equal(wheel_create(1, &w), 0);
	wheel_arm_by(w, 0, 5 * NS_PER_MS);
	wheel_arm_by(w, 0, 9 * NS_PER_MS);
	wheel_expire(w, 4 * NS_PER_MS, count, &n);
	assert_int_equal(n, 0);
	wheel_expire(w, 5 * NS_PER_MS, count, &n);
	assert_int_equal(n, 1);
	assert_false(wheel_is_armed(w, 0));
	wheel_arm_by(w, 0, 20 * NS_PER_MS);
	wheel_arm_by(w, 0, 10 * NS_PER_MS);
	wheel_expire(w, 10 * NS_PER_MS, count, &n);
	assert_int_equal(n, 2);
	wheel_destroy(w);
}

struct pair {
	struct wheel *w;
	unsigned n;
};

static void cancel_all(void *ctx, uint32_t i)
{
	struct pair *p = ctx;
	p->n++;
	for (uint32_t k = 0; k < N; k++)
		if (k != i && k % 3)
			wheel_cancel(p->w, k);
		else if (k != i && k % 2)
			wheel_arm(p->w, k, NS_PER_SEC * 3);
}

/* Due together, and the first to fire disarms or moves others: they must not fire any more. */
static void callback_may_disarm_what_is_due(void **state)
{
	(void)state;
	struct pair p = {.n = 0};
	assert_int_equal(wheel_create(N, &p.w), 0);
	for (uint32_t k = 0; k < N; k++)
		wheel_arm(p.w, k, NS_PER_SEC);
	wheel_expire(p.w, NS_PER_SEC, cancel_all, &p);
	unsigned n_moved = 0;
	for (uint32_t k = 0; k < N; k++)
		n_moved += wheel_is_armed(p.w, k);
	assert_int_equal(n_moved, wheel_count(p.w));
	assert_true(n_moved >= N / 6 - 1 && p.n <= N / 6 + 2);
	wheel_destroy(p.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(callback_may_disarm_what_is_due),
	    cmocka_unit_test(agrees_with_a_list),
	    cmocka_unit_test(arming_by_a_time_keeps_the_earlier_one),
	    cmocka_unit_test(callback_may_change_the_wheel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
