/* Claims about base/wheel: never early, at most one tick late, whatever the clock does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/wheel.h"
#include "tests/unit/rng.h"

static void test_fires_never_early_and_at_most_one_tick_late(void **state)
{
	(void)state;
	/* Distances around every level's border, from starts around every level's border. */
	static const int64_t starts[] = {0, 1, 255, 256, 257, 65535, 65536, 16777215, 16777216,
	    (INT64_C(1) << 32) - 1, INT64_C(1) << 32};
	static const int64_t ticks[] = {0, 1, 2, 254, 255, 256, 257, 511, 512, 65280, 65534, 65535,
	    65536, 65537, 131071, 131072, 16711680};
	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
		for (size_t t = 0; t < sizeof(ticks) / sizeof(ticks[0]); t++)
			for (int64_t off = 0; off < 3; off++) {
				int64_t now =
				    starts[s] * WHEEL_TICK_NS + off * (WHEEL_TICK_NS / 2 - 1);
				int64_t at = now + ticks[t] * WHEEL_TICK_NS + off * 7;
				struct wheel wheel;
				struct wheel_entry entry = {0};
				wheel_init(&wheel, now);
				wheel_arm(&wheel, &entry, at);
				assert_true(wheel_is_armed(&entry));
				assert_int_equal(wheel.n_armed, 1);
				assert_null(wheel_expire(&wheel, now));
				/* Look often, just before the deadline and one tick after it. */
				if (at > now)
					assert_null(wheel_expire(&wheel, now + (at - now) / 2));
				if (at - 1 > now)
					assert_null(wheel_expire(&wheel, at - 1));
				assert_ptr_equal(wheel_expire(&wheel, at + WHEEL_TICK_NS), &entry);
				assert_false(wheel_is_armed(&entry));
				assert_int_equal(wheel.n_armed, 0);
				assert_null(wheel_expire(&wheel, at + 2 * WHEEL_TICK_NS));
			}
}

static void test_deadline_in_the_past_fires_at_the_next_tick(void **state)
{
	(void)state;
	struct wheel wheel;
	struct wheel_entry entry = {0};
	int64_t now = 1000 * WHEEL_TICK_NS;
	wheel_init(&wheel, now);
	static const int64_t pasts[] = {INT64_MIN, -1, 0, 1, 999 * WHEEL_TICK_NS};
	for (size_t i = 0; i < sizeof(pasts) / sizeof(pasts[0]); i++) {
		assert_null(wheel_expire(&wheel, now));
		wheel_arm(&wheel, &entry, pasts[i]);
		/* Not at once: who arms in the past again and again would never get out. */
		assert_null(wheel_expire(&wheel, now));
		now += WHEEL_TICK_NS;
		assert_ptr_equal(wheel_expire(&wheel, now), &entry);
	}
}

static void test_rearm_moves_and_disarm_forgets(void **state)
{
	(void)state;
	struct wheel wheel;
	struct wheel_entry a = {0}, b = {0};
	wheel_init(&wheel, 0);
	wheel_disarm(&wheel, &a); /* harmless */
	wheel_arm(&wheel, &a, 10 * NS_PER_SEC);
	wheel_arm(&wheel, &b, 10 * NS_PER_SEC);
	wheel_arm(&wheel, &a, 20 * NS_PER_SEC);
	assert_int_equal(wheel.n_armed, 2);
	assert_ptr_equal(wheel_expire(&wheel, 11 * NS_PER_SEC), &b);
	assert_null(wheel_expire(&wheel, 11 * NS_PER_SEC));
	wheel_arm(&wheel, &b, 12 * NS_PER_SEC);
	wheel_disarm(&wheel, &b);
	assert_null(wheel_expire(&wheel, 19 * NS_PER_SEC));
	assert_ptr_equal(wheel_expire(&wheel, 21 * NS_PER_SEC), &a);
	assert_int_equal(wheel.n_armed, 0);
}

static void test_clock_that_stands_still_or_jumps_back_fires_nothing(void **state)
{
	(void)state;
	struct wheel wheel;
	struct wheel_entry entry = {0};
	wheel_init(&wheel, 100 * NS_PER_SEC);
	wheel_arm(&wheel, &entry, 101 * NS_PER_SEC);
	for (int i = 0; i < 1000; i++)
		assert_null(wheel_expire(&wheel, 100 * NS_PER_SEC));
	assert_null(wheel_expire(&wheel, 5 * NS_PER_SEC));
	assert_null(wheel_expire(&wheel, INT64_MIN));
	assert_null(wheel_expire(&wheel, 101 * NS_PER_SEC - 1));
	assert_ptr_equal(wheel_expire(&wheel, 101 * NS_PER_SEC + WHEEL_TICK_NS), &entry);
}

static void test_far_deadlines_beyond_the_horizon_still_fire(void **state)
{
	(void)state;
	/* The wheel spans 2^32 ticks, about 99 days. */
	struct wheel wheel;
	struct wheel_entry entry = {0};
	int64_t start = 12345678 * WHEEL_TICK_NS + 17;
	int64_t at = start + (INT64_C(5) << 32) * WHEEL_TICK_NS + 99;
	wheel_init(&wheel, start);
	wheel_arm(&wheel, &entry, at);
	for (int i = 1; i < 100; i++)
		assert_null(wheel_expire(&wheel, start + (at - start) / 100 * i));
	assert_null(wheel_expire(&wheel, at - 1));
	assert_ptr_equal(wheel_expire(&wheel, at + WHEEL_TICK_NS), &entry);
}

static void test_jump_of_centuries_fires_everything_due_without_walking_there(void **state)
{
	(void)state;
	/* Replay takes its time from a file that strangers wrote. */
	enum { N = 1000 };
	static struct wheel_entry entries[N];
	struct wheel wheel;
	struct rng rng = {1};
	memset(entries, 0, sizeof(entries));
	wheel_init(&wheel, 0);
	for (int i = 0; i < N; i++)
		wheel_arm(&wheel, &entries[i], rng_below(&rng, UINT32_MAX) * NS_PER_SEC);
	int64_t start = clock_mono_ns();
	int64_t now = INT64_C(3000000000) * NS_PER_SEC;
	int n_fired = 0;
	struct wheel_entry *entry;
	while ((entry = wheel_expire(&wheel, now))) {
		assert_true(entry->deadline_ns <= now);
		n_fired++;
	}
	for (int i = 0; i < N; i++)
		assert_int_equal(wheel_is_armed(&entries[i]), entries[i].deadline_ns > now);
	assert_in_range(n_fired, N / 2, N - 1);
	assert_int_equal(wheel.n_armed, N - n_fired);
	while (wheel_expire(&wheel, INT64_MAX))
		n_fired++;
	assert_int_equal(n_fired, N);
	assert_true(clock_mono_ns() - start < 5 * NS_PER_SEC);
}

/* The model: an array of deadlines, 0 for not armed. */
enum { MODEL_ENTRIES = 48, MODEL_OPS = 1000000 };

struct model {
	struct wheel wheel;
	struct wheel_entry entries[MODEL_ENTRIES];
	int64_t at[MODEL_ENTRIES];       /* 0: not armed */
	int64_t armed_ns[MODEL_ENTRIES]; /* the latest time seen when it was armed */
	int64_t now, latest;
};

static void model_expire(struct model *m)
{
	struct wheel_entry *entry;
	if (m->now > m->latest)
		m->latest = m->now;
	while ((entry = wheel_expire(&m->wheel, m->now))) {
		size_t i = (size_t)(entry - m->entries);
		assert_true(m->at[i] != 0);
		assert_true(m->at[i] <= m->now);
		m->at[i] = 0;
	}
	for (size_t i = 0; i < MODEL_ENTRIES; i++) {
		assert_int_equal(wheel_is_armed(&m->entries[i]), m->at[i] != 0);
		if (m->at[i] == 0 || m->now < m->latest)
			continue;
		int64_t due = m->at[i] > m->armed_ns[i] ? m->at[i] : m->armed_ns[i];
		assert_true(m->now < due + WHEEL_TICK_NS);
	}
}

static int64_t random_span(struct rng *rng)
{
	/* All magnitudes from nothing to days. */
	return (int64_t)(rng_next(rng) >> (16 + rng_below(rng, 48)));
}

static void test_agrees_with_a_list_over_a_million_random_operations(void **state)
{
	(void)state;
	static struct model m;
	struct rng rng = {2};
	m.now = m.latest = 3 * NS_PER_SEC;
	wheel_init(&m.wheel, m.now);
	for (int op = 0; op < MODEL_OPS; op++) {
		size_t i = rng_below(&rng, MODEL_ENTRIES);
		switch (rng_below(&rng, 8)) {
		case 0:
		case 1:
		case 2:
		case 3:
			m.at[i] = m.now + random_span(&rng) - random_span(&rng) / 64;
			m.at[i] += m.at[i] == 0;
			m.armed_ns[i] = m.latest;
			wheel_arm(&m.wheel, &m.entries[i], m.at[i]);
			break;
		case 4:
			m.at[i] = 0;
			wheel_disarm(&m.wheel, &m.entries[i]);
			break;
		case 5:
			m.now -= random_span(&rng) / 4096;
			if (m.now < 0)
				m.now = 0;
			break;
		default:
			m.now += random_span(&rng) / 16;
			if (m.now < m.latest && rng_below(&rng, 2))
				m.now = m.latest;
			model_expire(&m);
			break;
		}
		size_t n_armed = 0;
		for (size_t k = 0; k < MODEL_ENTRIES; k++)
			n_armed += m.at[k] != 0;
		assert_int_equal(m.wheel.n_armed, n_armed);
		if (m.now > INT64_MAX / 2) {
			memset(&m, 0, sizeof(m));
			wheel_init(&m.wheel, m.now);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fires_never_early_and_at_most_one_tick_late),
	    cmocka_unit_test(test_deadline_in_the_past_fires_at_the_next_tick),
	    cmocka_unit_test(test_rearm_moves_and_disarm_forgets),
	    cmocka_unit_test(test_clock_that_stands_still_or_jumps_back_fires_nothing),
	    cmocka_unit_test(test_far_deadlines_beyond_the_horizon_still_fire),
	    cmocka_unit_test(test_jump_of_centuries_fires_everything_due_without_walking_there),
	    cmocka_unit_test(test_agrees_with_a_list_over_a_million_random_operations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
