/* Claims about base/repeats: a value is found by its whole key or not at all, whatever shares its hash or its
 * place; a key is kept when it comes twice in a row, and not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/repeats.h"
#include "tests/unit/guard.h"
#include "tests/unit/rng.h"

enum { N_BITS = 2, KEY_MAX = 100, VALUE_MAX = 3 * sizeof(uint64_t) };

static struct repeats *make(void)
{
	struct repeats *repeats = NULL;
	assert_int_equal(repeats_create(N_BITS, KEY_MAX, VALUE_MAX, &repeats), 0);
	return repeats;
}

static struct repeats_key key_of(const void *bytes, size_t len)
{
	return (struct repeats_key){.bytes = bytes, .len = len};
}

/* As users do: what is known, or what is computed, which is kept if it is asked for. */
static uint64_t get(struct repeats *repeats, const struct repeats_key *key, uint64_t computed)
{
	bool is_known;
	uint64_t *value = repeats_find(repeats, key, &is_known);
	if (is_known)
		return value[2];
	if (value) {
		memset(value, 0xee, VALUE_MAX);
		value[2] = computed;
	}
	return computed;
}

static void test_what_comes_twice_is_known_the_third_time(void **state)
{
	(void)state;
	struct repeats *repeats = make();
	struct repeats_key key = key_of("abc", 3);
	assert_int_equal(get(repeats, &key, 1), 1);
	assert_int_equal(get(repeats, &key, 2), 2); /* kept now */
	assert_int_equal(get(repeats, &key, 3), 2);
	assert_int_equal(get(repeats, &key, 4), 2);
	repeats_destroy(repeats);
	repeats_destroy(NULL);
}

static void test_every_byte_the_length_and_the_tags_count(void **state)
{
	(void)state;
	uint8_t bytes[KEY_MAX];
	for (size_t len = 1; len <= KEY_MAX; len++) {
		struct repeats *repeats = make();
		memset(bytes, 'x', sizeof(bytes));
		struct repeats_key key = key_of(bytes, len);
		get(repeats, &key, 1);
		get(repeats, &key, 1);
		for (size_t i = 0; i < len; i++) {
			bytes[i] ^= 1;
			assert_int_equal(get(repeats, &key, 2), 2);
			bytes[i] ^= 1;
		}
		key.len = len - 1;
		assert_int_equal(get(repeats, &key, 3), 3);
		key = (struct repeats_key){bytes, len, {1, 0}};
		assert_int_equal(get(repeats, &key, 4), 4);
		key = (struct repeats_key){bytes, len, {0, 1}};
		assert_int_equal(get(repeats, &key, 5), 5);
		key = key_of(bytes, len);
		assert_int_equal(get(repeats, &key, 6), 1);
		repeats_destroy(repeats);
	}
}

static void test_empty_and_long_keys_are_never_kept(void **state)
{
	(void)state;
	struct repeats *repeats = make();
	uint8_t bytes[KEY_MAX + 1] = {0};
	struct repeats_key empty = key_of(NULL, 0);
	struct repeats_key full = key_of(bytes, KEY_MAX + 1);
	for (int i = 0; i < 4; i++) {
		bool is_known = true;
		assert_null(repeats_find(repeats, &empty, &is_known));
		assert_false(is_known);
		assert_null(repeats_find(repeats, &full, &is_known));
		assert_false(is_known);
	}
	repeats_destroy(repeats);
}

struct hashed {
	uint32_t hash;
	uint64_t seed;
};

static int compare_hashed(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* 40 bytes of a number: more than a block of the hash. */
static struct repeats_key make_key(uint64_t seed, uint64_t words[5])
{
	struct rng rng = {seed};
	for (size_t i = 0; i < 5; i++)
		words[i] = rng_next(&rng);
	return key_of(words, 5 * sizeof(words[0]));
}

static void test_keys_that_share_a_hash_do_not_share_a_value(void **state)
{
	(void)state;
	enum { N = 400000 }; /* some 18 pairs share one */
	struct hashed *all = calloc(N, sizeof(*all));
	assert_non_null(all);
	uint64_t words[5], others[5];
	for (uint64_t i = 0; i < N; i++) {
		struct repeats_key key = make_key(i, words);
		all[i] = (struct hashed){repeats_hash(&key), i};
	}
	qsort(all, N, sizeof(*all), compare_hashed);
	int n_pairs = 0;
	for (size_t i = 1; i < N; i++) {
		if (all[i].hash != all[i - 1].hash)
			continue;
		n_pairs++;
		struct repeats *repeats = make();
		struct repeats_key a = make_key(all[i].seed, words);
		struct repeats_key b = make_key(all[i - 1].seed, others);
		for (int round = 0; round < 5; round++) {
			assert_int_equal(get(repeats, &a, 1), 1);
			assert_int_equal(get(repeats, &b, 2), 2);
			assert_int_equal(get(repeats, &b, 2), 2);
			assert_int_equal(get(repeats, &a, 1), 1);
		}
		repeats_destroy(repeats);
	}
	free(all);
	/* Were it 2 or 60, the hash would be no hash. */
	assert_in_range(n_pairs, 3, 59);
}

static void test_strangers_that_come_once_leave_a_key_alone(void **state)
{
	(void)state;
	struct repeats *repeats = make();
	uint64_t words[5], others[5];
	struct repeats_key key = make_key(1000000, words);
	get(repeats, &key, 1);
	get(repeats, &key, 1);
	for (uint64_t i = 0; i < 10000; i++) {
		struct repeats_key other = make_key(i, others);
		get(repeats, &other, 2);
		assert_int_equal(get(repeats, &key, 3), 1);
	}
	repeats_destroy(repeats);
}

static void test_many_keys_in_few_places_are_never_mixed_up(void **state)
{
	(void)state;
	struct repeats *repeats = make();
	struct rng rng = {5};
	uint64_t words[5];
	int n_known = 0;
	for (int i = 0; i < 200000; i++) {
		/* Some come again at once: 12 for 4 places, of three lengths, with tags. */
		uint64_t seed = rng_below(&rng, 12);
		struct repeats_key key = make_key(seed, words);
		key.len = 10 + rng_below(&rng, 3) * 15;
		key.tags[rng_below(&rng, 2)] = rng_below(&rng, 2);
		uint64_t right = seed << 32 | key.len << 8 | key.tags[0] << 1 | key.tags[1];
		for (uint32_t n = 1 + rng_below(&rng, 3); n > 0; n--) {
			bool is_known;
			uint64_t *value = repeats_find(repeats, &key, &is_known);
			if (is_known)
				assert_int_equal(*value, right);
			else if (value)
				*value = right;
			n_known += is_known;
		}
	}
	assert_true(n_known > 1000);
	repeats_destroy(repeats);
}

static void test_nothing_beyond_a_key_is_read(void **state)
{
	(void)state;
	struct guard guard = guard_create();
	struct repeats *repeats = make();
	memset(guard.end - KEY_MAX, 'x', KEY_MAX);
	for (size_t len = 1; len <= KEY_MAX; len++) {
		struct repeats_key key = key_of(guard.end - len, len);
		for (int i = 0; i < 3; i++)
			assert_int_equal(get(repeats, &key, len), len);
	}
	repeats_destroy(repeats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_comes_twice_is_known_the_third_time),
	    cmocka_unit_test(test_every_byte_the_length_and_the_tags_count),
	    cmocka_unit_test(test_empty_and_long_keys_are_never_kept),
	    cmocka_unit_test(test_keys_that_share_a_hash_do_not_share_a_value),
	    cmocka_unit_test(test_strangers_that_come_once_leave_a_key_alone),
	    cmocka_unit_test(test_many_keys_in_few_places_are_never_mixed_up),
	    cmocka_unit_test(test_nothing_beyond_a_key_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
