/* goback: what was sent in a time of losses comes again, once, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "targets/goback.h"
#include "tests/unit/rng.h"

#define START_NS (100 * NS_PER_SEC)
enum { STEP = 3, PER_MS = 7 };

/* Position after ms milliseconds, of a slice with steps between its positions. */
static uint64_t pos_at(int64_t ms)
{
	return 1 + (uint64_t)ms * PER_MS * STEP;
}

static void send_for(struct goback *g, int64_t from_ms, int64_t to_ms)
{
	for (int64_t ms = from_ms; ms < to_ms; ms += 5)
		goback_note(g, START_NS + ms * NS_PER_MS, pos_at(ms));
}

static void add(struct goback *g, int64_t from_ms, int64_t to_ms, int64_t now_ms)
{
	goback_add(g, START_NS + from_ms * NS_PER_MS, START_NS + to_ms * NS_PER_MS, pos_at(now_ms));
}

static void a_stretch_covers_its_time(void **state)
{
	(void)state;
	struct goback g;
	struct goback_span earliest;
	goback_init(&g, 1);
	send_for(&g, 0, 5000);
	assert_null(goback_get(&g));
	assert_false(goback_get_earliest(&g, &earliest));
	add(&g, 1230, 2340, 5000);
	struct goback_span *span = goback_get(&g);
	assert_non_null(span);
	assert_true(span->pos <= pos_at(1230) && span->pos >= pos_at(1230 - 50));
	assert_true(span->end >= pos_at(2340) && span->end <= pos_at(2340 + 50));
	assert_true(span->since_ns <= START_NS + 1230 * NS_PER_MS);
	assert_int_equal((span->pos - 1) % STEP, 0);
	assert_int_equal((span->end - 1) % STEP, 0);
	goback_advance(&g);
	assert_null(goback_get(&g));
}

static void nothing_comes_twice(void **state)
{
	(void)state;
	static uint8_t n_given[60000 * PER_MS];
	struct goback g;
	struct rng rng = {5};
	uint64_t n = 0, last = 0;
	goback_init(&g, 1);
	for (int64_t ms = 0; ms < 60000; ms += 5) {
		goback_note(&g, START_NS + ms * NS_PER_MS, pos_at(ms));
		if (rng_below(&rng, 100) == 0) {
			int64_t from = ms - (int64_t)rng_below(&rng, 3000);
			add(&g, from < 0 ? 0 : from, from + (int64_t)rng_below(&rng, 4000), ms);
		}
		struct goback_span *span = rng_below(&rng, 20) ? NULL : goback_get(&g);
		for (; span && span->pos < span->end; span->pos += STEP, n++) {
			assert_true(span->pos >= last && span->pos < pos_at(ms));
			assert_int_equal(n_given[(span->pos - 1) / STEP]++, 0);
			last = span->pos;
		}
		if (span)
			goback_advance(&g);
		assert_true(g.n_spans <= GOBACK_SPANS);
	}
	assert_true(n > 10000 && n <= 60000 * PER_MS);
}

static void more_stretches_than_fit_grow_together(void **state)
{
	(void)state;
	struct goback g;
	uint64_t n = 0;
	goback_init(&g, 1);
	send_for(&g, 0, 12000);
	for (int64_t i = 0; i < 2 * GOBACK_SPANS; i++)
		add(&g, 300 * i, 300 * i + 100, 12000);
	uint64_t end = g.spans[GOBACK_SPANS - 1].end;
	assert_true(end >= pos_at(300 * (2 * GOBACK_SPANS - 1) + 100));
	for (struct goback_span *span; (span = goback_get(&g)); goback_advance(&g))
		n += (span->end - span->pos) / STEP;
	assert_true(n < 12000 * PER_MS);
}

static void times_beyond_memory_are_bounded(void **state)
{
	(void)state;
	struct goback g;
	goback_init(&g, 1);
	add(&g, 0, 100, 0); /* before anything was sent */
	assert_null(goback_get(&g));
	send_for(&g, 0, 60000);
	add(&g, 0, 100000, 60000);
	struct goback_span *span = goback_get(&g);
	assert_non_null(span);
	assert_true(span->end == pos_at(60000));
	assert_true(span->pos > 1 && span->pos < pos_at(60000 - 10000));
	/* A pause longer than memory: nothing went out in it. */
	goback_advance(&g);
	goback_note(&g, START_NS + 300 * NS_PER_SEC, pos_at(60000));
	add(&g, 250000, 299000, 60000);
	assert_null(goback_get(&g));
}

static void a_hold_is_where_to_resume_until_it_is_settled(void **state)
{
	(void)state;
	struct goback g;
	struct goback_span earliest, later;
	goback_init(&g, 1);
	send_for(&g, 0, 3000);
	goback_hold(&g, START_NS + 2000 * NS_PER_MS, pos_at(3000));
	assert_true(goback_get_earliest(&g, &earliest));
	assert_true(earliest.pos <= pos_at(2000) && earliest.pos >= pos_at(1950));
	goback_hold(&g, START_NS + 2500 * NS_PER_MS, pos_at(3000));
	assert_true(goback_get_earliest(&g, &later));
	assert_int_equal(later.pos, earliest.pos);
	assert_null(goback_get(&g));
	add(&g, 2000, 2000, 3000); /* it had nothing to do with the rate */
	assert_false(goback_get_earliest(&g, &earliest));
	assert_null(goback_get(&g));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stretch_covers_its_time),
	    cmocka_unit_test(nothing_comes_twice),
	    cmocka_unit_test(more_stretches_than_fit_grow_together),
	    cmocka_unit_test(times_beyond_memory_are_bounded),
	    cmocka_unit_test(a_hold_is_where_to_resume_until_it_is_settled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
