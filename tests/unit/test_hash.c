/* Claims about base/hash: SipHash-2-4 as published, derived keys that never change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/memo.h"
#include "base/siphash.h"
#include "tests/unit/guard.h"
#include "tests/unit/rng.h"

static void test_siphash_equals_the_vector_of_the_paper(void **state)
{
	(void)state;
	/* Aumasson, Bernstein, "SipHash", appendix A: key 00..0f, input 00..0e. */
	struct hash_key key;
	uint8_t in[15];
	for (uint8_t i = 0; i < 16; i++)
		key.b[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		in[i] = i;
	struct guard guard = guard_create();
	uint8_t *p = guard_put(&guard, in, sizeof(in));
	assert_true(hash_siphash(&key, p, 15) == UINT64_C(0xa129ca6149be45e5));
}

/* SipHash-2-4 once more, written from the paper's section 2, to compare all lengths with. */
static uint64_t rotl(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static uint64_t read_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static uint64_t paper_siphash(const uint8_t key[16], const uint8_t *p, size_t len)
{
	uint64_t k0 = read_le(key, 8), k1 = read_le(key + 8, 8);
	uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
	    k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
	for (size_t off = 0; off <= len; off += 8) {
		uint64_t m = len - off >= 8 ? read_le(p + off, 8)
					    : read_le(p + off, len - off) | (uint64_t)len << 56;
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void test_siphash_equals_the_paper_for_every_length(void **state)
{
	(void)state;
	struct guard guard = guard_create();
	struct hash_key key;
	uint8_t in[200];
	for (size_t i = 0; i < sizeof(key.b); i++)
		key.b[i] = (uint8_t)(i * 37 + 5);
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 101 + 3);
	for (size_t len = 0; len <= sizeof(in); len++) {
		uint8_t *p = guard_put(&guard, in, len);
		assert_true(hash_siphash(&key, p, len) == paper_siphash(key.b, p, len));
	}
}

/* Every version of the loop that this processor can run; one message less and one more than its lanes. */
static void test_many_at_once_equal_one_by_one(void **state)
{
	(void)state;
	enum { N = 130 };
	static const size_t lens[] = {8, 16, 18, 20, 36, SIPHASH_MANY_LEN};
	uint8_t in[N * SIPHASH_MANY_LEN];
	uint64_t out[N];
	struct hash_key key;
	struct guard guard = guard_create();
	for (int level = CPU_PLAIN; level <= CPU_AVX512; level++) {
		cpu_limit_level((enum cpu_level)level);
		for (size_t n = 0; n < N; n++) {
			hash_random(in, sizeof(in));
			hash_random(&key, sizeof(key));
			out[n] = 12345;
			size_t len = lens[n % (sizeof(lens) / sizeof(lens[0]))];
			siphash_many(&key, guard_put(&guard, in, n * len), len, n, out);
			assert_int_equal(out[n], 12345);
			for (size_t i = 0; i < n; i++)
				assert_true(out[i] == hash_siphash(&key, in + i * len, len));
		}
	}
	cpu_limit_level(CPU_AVX512);
}

static void test_memo_gives_what_hashing_gives(void **state)
{
	(void)state;
	/* More messages than places, some of them equal at the end by which the place is chosen. */
	static const size_t lens[] = {8, 16, 18, MEMO_LEN};
	struct rng rng = {3};
	struct memo memo;
	struct hash_key key;
	hash_random(&key, sizeof(key));
	for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
		memo_init(&memo, &key, lens[k]);
		for (int i = 0; i < 20000; i++) {
			uint8_t in[MEMO_LEN] = {0};
			in[0] = (uint8_t)rng_below(&rng, 2);
			in[lens[k] - 1] = (uint8_t)rng_below(&rng, 200);
			assert_true(
			    memo_hash(&memo, in, lens[k]) == hash_siphash(&key, in, lens[k]));
			/* The same by the dozen: one twice, one that is known, some at one place. */
			uint8_t many[MEMO_LEARN_MAX * MEMO_LEN] = {0};
			size_t n = rng_below(&rng, MEMO_LEARN_MAX + 1);
			for (size_t m = 0; m < n; m++)
				many[m * lens[k]] = many[m * lens[k] + lens[k] - 1] =
				    (uint8_t)rng_below(&rng, 20);
			memo_learn(&memo, many, lens[k], n);
			for (size_t m = 0; m < n; m++)
				assert_true(memo_hash(&memo, many + m * lens[k], lens[k]) ==
					    hash_siphash(&key, many + m * lens[k], lens[k]));
		}
	}
}

static void test_derived_keys_are_stable_and_differ_by_seed_and_purpose(void **state)
{
	(void)state;
	/* Golden: BLAKE2b-128 keyed with the zero-padded purpose, computed with Python's hashlib. */
	static const struct {
		uint64_t seed;
		const char *purpose;
		uint8_t key[16];
	} golden[] = {
	    {UINT64_C(0x0), "",
		{0x3c, 0x70, 0xc9, 0x52, 0x33, 0x35, 0x2e, 0x1f, 0xf0, 0xbd, 0x85, 0x64, 0x9b, 0xf6,
		    0x3c, 0x4a}},
	    {UINT64_C(0x0), "cookie",
		{0x3c, 0x35, 0xb6, 0x87, 0xaf, 0x00, 0x0c, 0xfd, 0x31, 0xc0, 0x63, 0xc1, 0xc7, 0xcd,
		    0x3e, 0xef}},
	    {UINT64_C(0x0), "permute",
		{0xd4, 0x55, 0xdc, 0xdb, 0x4f, 0xd7, 0x62, 0x28, 0x0c, 0xf2, 0x21, 0xd9, 0xf6, 0xf6,
		    0xb0, 0xb4}},
	    {UINT64_C(0x1), "cookie",
		{0xd0, 0x8e, 0xfe, 0xaf, 0x89, 0x10, 0x05, 0x77, 0xc5, 0x05, 0x88, 0x4f, 0xc6, 0xea,
		    0xb1, 0xfd}},
	    {UINT64_C(0xffffffffffffffff), "permute",
		{0xf8, 0xbd, 0x98, 0x26, 0x8e, 0xcd, 0x5c, 0xca, 0x67, 0xf0, 0x61, 0xaa, 0xa6, 0x52,
		    0xb9, 0xab}},
	    {UINT64_C(0x2a),
		"a purpose that is longer than the sixty-four bytes which BLAKE2b takes as a key",
		{0xd1, 0x19, 0x7f, 0x04, 0xa9, 0x8c, 0x93, 0xdc, 0x82, 0x36, 0x16, 0x56, 0x06, 0x34,
		    0x1a, 0x5a}},
	};
	enum { N = sizeof(golden) / sizeof(golden[0]) };
	for (size_t i = 0; i < N; i++) {
		struct hash_key key;
		hash_key_derive(golden[i].seed, golden[i].purpose, &key);
		assert_memory_equal(key.b, golden[i].key, sizeof(key.b));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(key.b, golden[k].key, sizeof(key.b));
	}
}

static void test_digest_depends_on_bytes_and_not_on_how_they_are_cut(void **state)
{
	(void)state;
	uint8_t in[1000], whole[HASH_DIGEST_LEN], parts[HASH_DIGEST_LEN];
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7);
	struct hash_digest_state s;
	hash_digest_init(&s);
	hash_digest_update(&s, in, sizeof(in));
	hash_digest_final(&s, whole);
	for (size_t cut = 0; cut <= sizeof(in); cut += 37) {
		hash_digest_init(&s);
		hash_digest_update(&s, in, cut);
		hash_digest_update(&s, in + cut, sizeof(in) - cut);
		hash_digest_final(&s, parts);
		assert_memory_equal(parts, whole, sizeof(whole));
	}
	in[999] ^= 1;
	hash_digest_init(&s);
	hash_digest_update(&s, in, sizeof(in));
	hash_digest_final(&s, parts);
	assert_memory_not_equal(parts, whole, sizeof(whole));
}

static void test_random_fills_all_bytes_differently_each_time(void **state)
{
	(void)state;
	assert_int_equal(hash_init(), 0);
	uint8_t a[32] = {0}, b[32] = {0};
	hash_random(a, sizeof(a));
	hash_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_siphash_equals_the_vector_of_the_paper),
	    cmocka_unit_test(test_siphash_equals_the_paper_for_every_length),
	    cmocka_unit_test(test_many_at_once_equal_one_by_one),
	    cmocka_unit_test(test_memo_gives_what_hashing_gives),
	    cmocka_unit_test(test_derived_keys_are_stable_and_differ_by_seed_and_purpose),
	    cmocka_unit_test(test_digest_depends_on_bytes_and_not_on_how_they_are_cut),
	    cmocka_unit_test(test_random_fills_all_bytes_differently_each_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
