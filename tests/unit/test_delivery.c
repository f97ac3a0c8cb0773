/* Claims about engine/delivery: what is noted is there for as long as it says something, under the time
 * at which it was sent, and never under another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/delivery.h"
#include "tests/unit/rng.h"

#define AT(slot) ((int64_t)(slot)*DELIVERY_SLOT_NS + 7)

static void check(const struct delivery *d, uint64_t slot, uint32_t n_first, uint32_t n_again)
{
	struct delivery_report report = {.slot = slot};
	delivery_add(d, &report);
	assert_int_equal(report.ago[0].n_first, n_first);
	assert_int_equal(report.ago[0].n_again, n_again);
}

static void note(struct delivery *d, int64_t sent_ns, bool is_again)
{
	delivery_note(d, sent_ns, sent_ns + 300 * NS_PER_MS, is_again);
}

static void test_what_is_noted_is_counted_by_its_time(void **state)
{
	(void)state;
	struct delivery d = {.slots = {0}};
	note(&d, AT(1000), false);
	note(&d, AT(1000), false);
	note(&d, AT(1000), true);
	note(&d, AT(1001), true);
	check(&d, 999, 0, 0);
	check(&d, 1000, 2, 1);
	check(&d, 1001, 0, 1);
	/* Of several receivers the sums count, and of slots before. */
	struct delivery_report report = {.slot = 1003};
	report.ago[3] = (struct delivery_count){5, 6};
	delivery_add(&d, &report);
	assert_true(report.ago[3].n_first == 7 && report.ago[3].n_again == 7);
	assert_true(report.ago[2].n_again == 1 && report.ago[0].n_first == 0);
}

static void test_a_slot_is_forgotten_for_a_later_one_only(void **state)
{
	(void)state;
	struct delivery d = {.slots = {0}};
	note(&d, AT(5000), false);
	note(&d, AT(5000 + DELIVERY_SLOTS), true);
	check(&d, 5000, 0, 0);
	check(&d, 5000 + DELIVERY_SLOTS, 0, 1);
	note(&d, AT(5000), false); /* too late to say anything */
	check(&d, 5000, 0, 0);
	check(&d, 5000 + DELIVERY_SLOTS, 0, 1);
}

static void test_the_numbers_may_wrap(void **state)
{
	(void)state;
	struct delivery d = {.slots = {0}};
	uint64_t wrap = UINT64_C(1) << 24;
	for (uint64_t slot = wrap - 300; slot < wrap + 300; slot++) {
		note(&d, AT(slot), slot & 1);
		check(&d, slot, !(slot & 1), slot & 1);
		check(
		    &d, slot - 1, slot & 1 && slot > wrap - 300, !(slot & 1) && slot > wrap - 300);
		note(&d, AT(slot - DELIVERY_SLOTS), true);
		check(&d, slot, !(slot & 1), slot & 1);
	}
}

static void test_counts_stop_at_their_end(void **state)
{
	(void)state;
	struct delivery d = {.slots = {0}};
	for (int i = 0; i < (1 << 20) + 10; i++) {
		note(&d, AT(70), false);
		note(&d, AT(70), true);
	}
	check(&d, 70, (1 << 20) - 1, (1 << 20) - 1);
	check(&d, 71, 0, 0);
}

static void test_any_time_breaks_nothing(void **state)
{
	(void)state;
	struct delivery d = {.slots = {0}};
	struct rng rng = {3};
	for (int i = 0; i < 200000; i++) {
		int64_t at = (int64_t)rng_shifted(&rng, 1, 63);
		int64_t sent = rng_below(&rng, 9) ? at : -at;
		delivery_note(&d, sent, (int64_t)rng_shifted(&rng, 1, 63), rng_below(&rng, 2));
		struct delivery_report report = {.slot = rng_next(&rng)};
		delivery_add(&d, &report);
		assert_true(report.ago[rng_below(&rng, DELIVERY_SLOTS)].n_first < 200000);
		assert_true(report.delay_ns >= 0 && report.delay_ns < 100 * NS_PER_SEC);
	}
}

static void test_the_delay_covers_most(void **state)
{
	(void)state;
	struct delivery d = {.slots = {0}};
	struct delivery_report report = {.slot = 9};
	note(&d, AT(5), false);
	delivery_add(&d, &report);
	assert_int_equal(report.delay_ns, 0);
	struct rng rng = {4};
	for (int i = 0; i < 1000; i++)
		delivery_note(&d, AT(5), AT(5) + (300 + rng_below(&rng, 600)) * NS_PER_MS, true);
	delivery_add(&d, &report);
	assert_true(report.delay_ns > 750 * NS_PER_MS && report.delay_ns < 1200 * NS_PER_MS);
	report.delay_ns = 5 * NS_PER_SEC; /* another receiver's */
	delivery_add(&d, &report);
	assert_int_equal(report.delay_ns, 5 * NS_PER_SEC);
}

static void test_many_count_as_one_by_one(void **state)
{
	(void)state;
	static struct delivery one, many;
	struct delivery_report a = {.slot = 1007}, b = a;
	for (int slot = 1000; slot < 1008; slot++) {
		int64_t at = slot * DELIVERY_SLOT_NS + 5;
		uint64_t n[2] = {0};
		for (int i = 0; i < 30 + slot % 5; i++) {
			delivery_note(&one, at, at, i % 3 == 0);
			n[i % 3 == 0]++;
		}
		delivery_note_many(&many, at, n[0], n[1]);
	}
	delivery_note_many(
	    &many, 1003 * DELIVERY_SLOT_NS - DELIVERY_SLOTS * DELIVERY_SLOT_NS, 9, 9);
	delivery_add(&one, &a);
	delivery_add(&many, &b);
	for (int k = 0; k < DELIVERY_SLOTS; k++) {
		assert_int_equal(a.ago[k].n_first, b.ago[k].n_first);
		assert_int_equal(a.ago[k].n_again, b.ago[k].n_again);
	}
	/* Full, and no further; the other count is left alone. */
	delivery_note_many(&many, 1007 * DELIVERY_SLOT_NS, UINT64_MAX, 1);
	b = (struct delivery_report){.slot = 1007};
	delivery_add(&many, &b);
	assert_int_equal(b.ago[0].n_first, (1 << 20) - 1);
	assert_int_equal(b.ago[0].n_again, a.ago[0].n_again + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_many_count_as_one_by_one),
	    cmocka_unit_test(test_what_is_noted_is_counted_by_its_time),
	    cmocka_unit_test(test_a_slot_is_forgotten_for_a_later_one_only),
	    cmocka_unit_test(test_the_numbers_may_wrap),
	    cmocka_unit_test(test_counts_stop_at_their_end),
	    cmocka_unit_test(test_the_delay_covers_most),
	    cmocka_unit_test(test_any_time_breaks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
