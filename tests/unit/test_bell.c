/* Claims about base/bell: a nap lasts until its end or the bell, a bell is never missed, and what was done
 * before it is seen after it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/ring.h"

static void test_a_nap_lasts_as_long_as_asked(void **state)
{
	(void)state;
	struct bell bell;
	bell_init(&bell);
	for (int i = 0; i < 5; i++) {
		int64_t start_ns = clock_mono_ns();
		bell_nap(&bell, 3 * NS_PER_MS);
		assert_true(clock_mono_ns() - start_ns >= 3 * NS_PER_MS);
	}
	bell_nap(&bell, 0);
	bell_nap(&bell, -1);
}

static void test_a_bell_that_was_rung_ends_the_next_nap_only(void **state)
{
	(void)state;
	struct bell bell;
	bell_init(&bell);
	bell_ring(&bell);
	bell_ring(&bell);
	int64_t start_ns = clock_mono_ns();
	bell_nap(&bell, 100 * NS_PER_SEC);
	assert_true(clock_mono_ns() - start_ns < 50 * NS_PER_SEC);
	start_ns = clock_mono_ns();
	bell_nap(&bell, 3 * NS_PER_MS);
	assert_true(clock_mono_ns() - start_ns >= 3 * NS_PER_MS);
}

enum { N_ROUNDS = 20000 };

struct side {
	struct bell bell;
	struct ring *in, *out;
	struct bell *other;
	int64_t longest_nap_ns;
};

/* Answers every number with the next one; naps whenever its ring is empty. */
static void *answer(void *arg)
{
	struct side *side = arg;
	for (;;) {
		uint64_t n;
		if (!ring_pop(side->in, &n, sizeof(n))) {
			int64_t start_ns = clock_mono_ns();
			bell_nap(&side->bell, 100 * NS_PER_SEC);
			int64_t ns = clock_mono_ns() - start_ns;
			side->longest_nap_ns =
			    ns > side->longest_nap_ns ? ns : side->longest_nap_ns;
			continue;
		}
		if (n < 2 * N_ROUNDS) {
			n++;
			if (!ring_push(side->out, &n, sizeof(n)))
				abort();
			bell_ring(side->other);
		}
		if (n >= 2 * N_ROUNDS - 1)
			return NULL;
	}
}

static void test_no_bell_is_missed_between_two_threads(void **state)
{
	(void)state;
	struct side a = {.other = NULL}, b = {.other = &a.bell};
	pthread_t threads[2];
	uint64_t first = 0;
	a.other = &b.bell;
	bell_init(&a.bell);
	bell_init(&b.bell);
	assert_int_equal(ring_create(4, &a.in), 0);
	assert_int_equal(ring_create(4, &b.in), 0);
	a.out = b.in;
	b.out = a.in;
	assert_true(ring_push(a.in, &first, sizeof(first)));
	assert_int_equal(pthread_create(&threads[0], NULL, answer, &a), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, answer, &b), 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	/* A missed one would have cost the whole nap. */
	assert_true(a.longest_nap_ns < 50 * NS_PER_SEC);
	assert_true(b.longest_nap_ns < 50 * NS_PER_SEC);
	ring_destroy(a.in);
	ring_destroy(b.in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_nap_lasts_as_long_as_asked),
	    cmocka_unit_test(test_a_bell_that_was_rung_ends_the_next_nap_only),
	    cmocka_unit_test(test_no_bell_is_missed_between_two_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
