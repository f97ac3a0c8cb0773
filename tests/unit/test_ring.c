/* Claims about base/ring: order, bounds, contents, and two threads at full speed. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ring.h"

static void test_create_refuses_what_is_no_power_of_two(void **state)
{
	(void)state;
	struct ring *ring = NULL;
	static const size_t bad[] = {0, 1, 3, 6, 1000, ((size_t)1 << 30) + 1};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ring_create(bad[i], &ring), -EINVAL);
		assert_null(ring);
	}
	ring_destroy(NULL);
}

static void test_holds_capacity_and_refuses_one_more(void **state)
{
	(void)state;
	struct ring *ring;
	assert_int_equal(ring_create(8, &ring), 0);
	assert_int_equal(ring_get_capacity(ring), 7);
	/* Three times around, so that the index wraps. */
	uint32_t next_in = 0, next_out = 0;
	for (int round = 0; round < 3; round++) {
		assert_int_equal(ring_get_level(ring), 0);
		for (size_t i = 0; i < 7; i++) {
			assert_true(ring_push(ring, &next_in, sizeof(next_in)));
			next_in++;
			assert_int_equal(ring_get_level(ring), i + 1);
		}
		assert_false(ring_push(ring, &next_in, sizeof(next_in)));
		assert_int_equal(ring_get_level(ring), 7);
		uint32_t got;
		while (ring_pop(ring, &got, sizeof(got)))
			assert_int_equal(got, next_out++);
	}
	assert_int_equal(next_in, next_out);
	ring_destroy(ring);
}

static void test_empty_pop_leaves_the_message_alone(void **state)
{
	(void)state;
	struct ring *ring;
	assert_int_equal(ring_create(2, &ring), 0);
	uint64_t got = 77;
	assert_false(ring_pop(ring, &got, sizeof(got)));
	assert_int_equal(got, 77);
	struct ring_cell cell;
	assert_int_equal(ring_pop_n(ring, &cell, 1), 0);
	ring_destroy(ring);
}

static void test_whole_cells_arrive_unchanged_in_batches(void **state)
{
	(void)state;
	struct ring *ring;
	assert_int_equal(ring_create(16, &ring), 0);
	uint8_t msg[RING_CELL_LEN];
	for (unsigned i = 0; i < 15; i++) {
		memset(msg, (int)(i * 17), sizeof(msg));
		assert_true(ring_push(ring, msg, sizeof(msg)));
	}
	struct ring_cell cells[16];
	assert_int_equal(ring_pop_n(ring, cells, 4), 4);
	assert_int_equal(ring_pop_n(ring, cells + 4, 12), 11);
	assert_int_equal(ring_pop_n(ring, cells, 0), 0);
	for (unsigned i = 0; i < 15; i++) {
		memset(msg, (int)(i * 17), sizeof(msg));
		assert_memory_equal(cells[i].b, msg, sizeof(msg));
	}
	assert_int_equal((uintptr_t)&cells[1] % RING_CELL_LEN, 0);
	ring_destroy(ring);
}

enum { N_MESSAGES = 1000000 };

static void *produce(void *arg)
{
	struct ring *ring = arg;
	for (uint64_t i = 0; i < N_MESSAGES; i++) {
		uint64_t msg[8] = {i, ~i, i * 3, i ^ 0x5555, i, i, i, i + 1};
		while (!ring_push(ring, msg, sizeof(msg)))
			sched_yield();
	}
	return NULL;
}

static void test_two_threads_see_every_message_once_in_order(void **state)
{
	(void)state;
	struct ring *ring;
	assert_int_equal(ring_create(64, &ring), 0);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, produce, ring), 0);
	uint64_t expected = 0, n_wrong = 0;
	while (expected < N_MESSAGES) {
		struct ring_cell cells[32];
		size_t n = ring_pop_n(ring, cells, 32);
		if (n == 0)
			sched_yield();
		for (size_t i = 0; i < n; i++, expected++) {
			uint64_t msg[8];
			memcpy(msg, cells[i].b, sizeof(msg));
			n_wrong +=
			    msg[0] != expected || msg[1] != ~expected || msg[7] != expected + 1;
		}
		if (ring_get_level(ring) > ring_get_capacity(ring))
			n_wrong++;
	}
	pthread_join(thread, NULL);
	assert_int_equal(n_wrong, 0);
	assert_int_equal(ring_get_level(ring), 0);
	ring_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_create_refuses_what_is_no_power_of_two),
	    cmocka_unit_test(test_holds_capacity_and_refuses_one_more),
	    cmocka_unit_test(test_empty_pop_leaves_the_message_alone),
	    cmocka_unit_test(test_whole_cells_arrive_unchanged_in_batches),
	    cmocka_unit_test(test_two_threads_see_every_message_once_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
