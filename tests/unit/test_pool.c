/* Claims about base/pool: distinct aligned objects, a hard bound, reuse, and a small footprint. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/pool.h"

static void test_create_refuses_nonsense(void **state)
{
	(void)state;
	struct pool *pool = NULL;
	assert_int_equal(pool_create(0, 1, &pool), -EINVAL);
	assert_int_equal(pool_create(1, 0, &pool), -EINVAL);
	assert_int_equal(pool_create(1, UINT32_MAX, &pool), -EINVAL);
	assert_int_equal(pool_create(SIZE_MAX, 2, &pool), -EINVAL);
	assert_int_equal(pool_create(SIZE_MAX / 4, 8, &pool), -ENOMEM);
	assert_null(pool);
	pool_destroy(NULL);
}

static void test_objects_are_distinct_aligned_and_bounded(void **state)
{
	(void)state;
	enum { N = 100, LEN = 100 };
	struct pool *pool;
	assert_int_equal(pool_create(LEN, N, &pool), 0);
	assert_int_equal(pool_get_capacity(pool), N);
	uint8_t *objs[N];
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N; i++) {
			objs[i] = pool_take(pool);
			assert_non_null(objs[i]);
			assert_int_equal((uintptr_t)objs[i] % POOL_ALIGN, 0);
			assert_ptr_equal(pool_get(pool, pool_index_of(pool, objs[i])), objs[i]);
			memset(objs[i], (int)i, LEN);
		}
		assert_null(pool_take(pool));
		assert_int_equal(pool_get_used(pool), N);
		for (size_t i = 0; i < N; i++)
			for (size_t k = 0; k < LEN; k++)
				assert_int_equal(objs[i][k], i);
		for (size_t i = 0; i < N; i++)
			pool_return(pool, objs[i]);
		assert_int_equal(pool_get_used(pool), 0);
	}
	pool_destroy(pool);
}

static void test_last_returned_is_first_taken(void **state)
{
	(void)state;
	struct pool *pool;
	assert_int_equal(pool_create(64, 4, &pool), 0);
	void *a = pool_take(pool), *b = pool_take(pool);
	pool_return(pool, a);
	pool_return(pool, b);
	assert_ptr_equal(pool_take(pool), b);
	assert_ptr_equal(pool_take(pool), a);
	pool_destroy(pool);
}

static size_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	assert_non_null(f);
	unsigned long size, resident;
	assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
	fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void test_unused_objects_are_not_resident(void **state)
{
	(void)state;
	struct pool *pool;
	size_t before = resident_bytes();
	assert_int_equal(pool_create(4096, 1 << 16, &pool), 0); /* 256 MiB of address space */
	for (int i = 0; i < 100000; i++) {                      /* one at a time: one page */
		uint8_t *obj = pool_take(pool);
		memset(obj, 1, 4096);
		pool_return(pool, obj);
	}
	size_t after = resident_bytes();
	assert_true(after < before + ((size_t)8 << 20));
	pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_create_refuses_nonsense),
	    cmocka_unit_test(test_objects_are_distinct_aligned_and_bounded),
	    cmocka_unit_test(test_last_returned_is_first_taken),
	    cmocka_unit_test(test_unused_objects_are_not_resident),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
