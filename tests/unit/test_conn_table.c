/* Claims about engine/conn_table: it holds what was put in, up to its bound, through any history. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/conn_table.h"
#include "tests/unit/rng.h"

static const struct hash_key key = {{4, 5, 6}};

/* Flows that differ in one field only, every field in turn. */
static struct flow nth(uint32_t n)
{
	struct flow f = {ipaddr_from_v4(0x0a000001), ipaddr_from_v4(0xc0000207), 40000, 80};
	switch (n % 4) {
	case 0:
		f.lport = (uint16_t)(n / 4);
		break;
	case 1:
		f.rport = (uint16_t)(n / 4);
		break;
	case 2:
		f.raddr = ipaddr_from_u64(n, 0);
		break;
	default:
		f.laddr = ipaddr_from_u64(0, n);
		break;
	}
	return f;
}

/* A flow for each handle that a test uses: what the owner of the table keeps. */
static struct flow flows[1 << 16];

static bool is_flow(void *ctx, uint32_t handle, const struct flow *flow)
{
	assert_ptr_equal(ctx, flows);
	return memcmp(&flows[handle], flow, sizeof(*flow)) == 0;
}

static int create(size_t max, const struct hash_key *k, struct conn_table **out)
{
	return conn_table_create(max, k, is_flow, flows, out);
}

static bool insert(struct conn_table *table, const struct flow *flow, uint32_t handle)
{
	bool is_in = conn_table_insert(table, flow, handle);
	if (is_in)
		flows[handle] = *flow;
	return is_in;
}

static void test_create_refuses_nonsense(void **state)
{
	(void)state;
	struct conn_table *table = NULL;
	assert_int_equal(create(0, &key, &table), -EINVAL);
	assert_int_equal(create(CONN_HANDLES_MAX + 1, &key, &table), -EINVAL);
	assert_null(table);
	conn_table_destroy(NULL);
}

static void test_bound_is_exact_and_nothing_is_replaced(void **state)
{
	(void)state;
	static const size_t bounds[] = {1, 2, 31, 32, 33, 1000};
	for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
		struct conn_table *table;
		uint32_t max = (uint32_t)bounds[b];
		assert_int_equal(create(max, &key, &table), 0);
		for (uint32_t i = 0; i < max; i++) {
			struct flow f = nth(i);
			assert_int_equal(conn_table_lookup(table, &f), CONN_NONE);
			assert_true(insert(table, &f, i));
			if (i + 1 < max)
				assert_false(insert(table, &f, 7777));
			assert_int_equal(conn_table_lookup(table, &f), i);
			assert_int_equal(conn_table_count(table), i + 1);
		}
		struct flow more = nth(max);
		assert_false(insert(table, &more, 1));
		assert_int_equal(conn_table_lookup(table, &more), CONN_NONE);
		conn_table_remove(table, &more); /* harmless */
		struct flow first = nth(0);
		conn_table_remove(table, &first);
		conn_table_remove(table, &first);
		assert_int_equal(conn_table_count(table), max - 1);
		assert_true(insert(table, &more, max));
		for (uint32_t i = 1; i <= max; i++) {
			struct flow f = nth(i);
			assert_int_equal(conn_table_lookup(table, &f), i);
		}
		conn_table_destroy(table);
	}
}

/* One that no flow has: flows are told apart by what their handles lead to. */
static uint32_t free_handle(struct rng *rng, const uint32_t *model, size_t n)
{
	for (;;) {
		uint32_t handle = rng_below(rng, 1 << 16);
		size_t i = 0;
		while (i < n && model[i] != handle + 1)
			i++;
		if (i == n)
			return handle;
	}
}

/* Hashes of two flows may agree in all the bits that an entry keeps: the owner tells. Here every hash that
 * is looked at is said to be another flow's, and the table must go on. */
static bool is_none(void *ctx, uint32_t handle, const struct flow *flow)
{
	(void)handle;
	(void)flow;
	++*(int *)ctx;
	return false;
}

static bool is_only(void *ctx, uint32_t handle, const struct flow *flow)
{
	(void)flow;
	return handle == *(const uint32_t *)ctx;
}

static void test_the_owner_decides_whose_handle_it_is(void **state)
{
	(void)state;
	struct conn_table *table;
	int n_asked = 0;
	struct flow f = nth(5);
	assert_int_equal(conn_table_create(4, &key, is_none, &n_asked, &table), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(conn_table_insert(table, &f, i));
	assert_int_equal(n_asked, 0 + 1 + 2 + 3);
	assert_int_equal(conn_table_lookup(table, &f), CONN_NONE);
	conn_table_remove(table, &f);
	assert_int_equal(conn_table_count(table), 4);
	conn_table_destroy(table);
}

static void test_largest_handles_come_back(void **state)
{
	(void)state;
	static const uint32_t handles[] = {0, 1, CONN_HANDLES_MAX - 2, CONN_HANDLES_MAX - 1};
	struct flow f = nth(9);
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		struct conn_table *table;
		uint32_t only = handles[i];
		assert_int_equal(conn_table_create(1, &key, is_only, &only, &table), 0);
		assert_true(conn_table_insert(table, &f, only));
		assert_int_equal(conn_table_lookup(table, &f), only);
		conn_table_destroy(table);
	}
}

static void test_agrees_with_an_array_over_random_operations(void **state)
{
	(void)state;
	enum { NAMES = 600, MAX = 256 };
	struct rng rng = {50};
	for (int round = 0; round < 8; round++) {
		/* Another key each time: other chains of neighbours to take out of. */
		struct hash_key k = {{(uint8_t)round}};
		static uint32_t model[NAMES]; /* handle + 1 */
		size_t n = 0;
		struct conn_table *table;
		memset(model, 0, sizeof(model));
		assert_int_equal(create(MAX, &k, &table), 0);
		for (int i = 0; i < 200000; i++) {
			uint32_t name = rng_below(&rng, NAMES);
			struct flow f = nth(name);
			uint32_t want = model[name] ? model[name] - 1 : CONN_NONE;
			conn_table_prefetch(table, &f, 1);
			assert_int_equal(conn_table_guess(table, &f), want);
			assert_int_equal(conn_table_lookup(table, &f), want);
			if (rng_below(&rng, 2)) {
				uint32_t handle = free_handle(&rng, model, NAMES);
				bool is_room = !model[name] && n < MAX;
				assert_int_equal(insert(table, &f, handle), is_room);
				if (is_room) {
					model[name] = handle + 1;
					n++;
				}
			} else {
				conn_table_remove(table, &f);
				n -= model[name] != 0;
				model[name] = 0;
			}
			assert_int_equal(conn_table_count(table), n);
		}
		for (uint32_t name = 0; name < NAMES; name++) {
			struct flow f = nth(name);
			assert_int_equal(conn_table_lookup(table, &f),
			    model[name] ? model[name] - 1 : CONN_NONE);
		}
		conn_table_destroy(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_create_refuses_nonsense),
	    cmocka_unit_test(test_bound_is_exact_and_nothing_is_replaced),
	    cmocka_unit_test(test_the_owner_decides_whose_handle_it_is),
	    cmocka_unit_test(test_largest_handles_come_back),
	    cmocka_unit_test(test_agrees_with_an_array_over_random_operations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
