/* siphash: SipHash-2-4 in lanes, each a message of its own. Any thread. Refuses messages shorter than a
 * word and longer than SIPHASH_MANY_LEN; libsodium's (base/hash.c) does those, and is what this is tested against.
 * Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", Indocrypt 2012, section 2. */
#include "base/siphash.h"

#include <string.h>

#include "base/cpu.h"
#include "base/dassert.h"

#ifdef __x86_64__
enum { LANES = 4, GROUPS = 4, WIDE = LANES * GROUPS };

typedef uint64_t lanes __attribute__((vector_size(LANES * sizeof(uint64_t))));
typedef void wide_fn(
    const uint64_t key[2], const uint8_t *messages, size_t len, size_t n, uint64_t *out);

/* Macros, because a function is compiled for one kind of processor before it is inlined into another. Groups
 * take turns: what one waits for, another computes meanwhile. */
#define EACH_GROUP _Pragma("GCC unroll 4") for (unsigned g = 0; g < GROUPS; g++)

#define ROTATE(v, n) ((v) << (n) | (v) >> (64 - (n)))

#define HALF_ROUND(a, b, c, d, n_b, n_d)                                                           \
	EACH_GROUP                                                                                 \
	{                                                                                          \
		(a)[g] += (b)[g];                                                                  \
		(c)[g] += (d)[g];                                                                  \
		(b)[g] = ROTATE((b)[g], n_b) ^ (a)[g];                                             \
		(d)[g] = ROTATE((d)[g], n_d) ^ (c)[g];                                             \
		(a)[g] = ROTATE((a)[g], 32);                                                       \
	}

#define ROUND()                                                                                    \
	do {                                                                                       \
		HALF_ROUND(v0, v1, v2, v3, 13, 16)                                                 \
		HALF_ROUND(v2, v1, v0, v3, 17, 21)                                                 \
	} while (0)

/* Hashes n messages, 1 to WIDE, of 8 * (WORDS - 1) to 8 * WORDS - 1 bytes. The last word of a message has its
 * rest and, in the highest byte, its length. Lanes that are left over repeat the last message. */
#define DEFINE_SIPHASH_WIDE(name, WORDS, features)                                                 \
	__attribute__((target(features))) static void name(                                        \
	    const uint64_t key[2], const uint8_t *messages, size_t len, size_t n, uint64_t *out)   \
	{                                                                                          \
		lanes v0[GROUPS], v1[GROUPS], v2[GROUPS], v3[GROUPS], m[GROUPS];                   \
		uint64_t words[WORDS][WIDE], hashes[WIDE];                                         \
		const unsigned n_gone = (unsigned)(8 * (WORDS)-len) % 8 * 8;                       \
		for (size_t i = 0; i < WIDE; i++) {                                                \
			const uint8_t *p = messages + (i < n ? i : n - 1) * len;                   \
			_Pragma("GCC unroll 4") for (size_t w = 0; w < (WORDS)-1; w++)             \
			    memcpy(&words[w][i], p + 8 * w, 8);                                    \
			uint64_t end;                                                              \
			memcpy(&end, p + len - 8, 8);                                              \
			words[(WORDS)-1][i] = (len % 8 ? end >> n_gone : 0) | (uint64_t)len << 56; \
		}                                                                                  \
		EACH_GROUP                                                                         \
		{                                                                                  \
			v0[g] = (key[0] ^ UINT64_C(0x736f6d6570736575)) + (lanes){0};              \
			v1[g] = (key[1] ^ UINT64_C(0x646f72616e646f6d)) + (lanes){0};              \
			v2[g] = (key[0] ^ UINT64_C(0x6c7967656e657261)) + (lanes){0};              \
			v3[g] = (key[1] ^ UINT64_C(0x7465646279746573)) + (lanes){0};              \
		}                                                                                  \
		for (unsigned w = 0; w < (WORDS); w++) {                                           \
			memcpy(m, words[w], sizeof(m));                                            \
			EACH_GROUP v3[g] ^= m[g];                                                  \
			ROUND();                                                                   \
			ROUND();                                                                   \
			EACH_GROUP v0[g] ^= m[g];                                                  \
		}                                                                                  \
		EACH_GROUP v2[g] ^= 0xff;                                                          \
		ROUND();                                                                           \
		ROUND();                                                                           \
		ROUND();                                                                           \
		ROUND();                                                                           \
		EACH_GROUP v0[g] ^= v1[g] ^ v2[g] ^ v3[g];                                         \
		memcpy(hashes, v0, sizeof(v0));                                                    \
		memcpy(out, hashes, n * sizeof(*out));                                             \
	}

DEFINE_SIPHASH_WIDE(two_avx2, 2, "avx2")
DEFINE_SIPHASH_WIDE(three_avx2, 3, "avx2")
DEFINE_SIPHASH_WIDE(four_avx2, 4, "avx2")
DEFINE_SIPHASH_WIDE(five_avx2, 5, "avx2")
DEFINE_SIPHASH_WIDE(two_avx512, 2, "avx512f,avx512vl")
DEFINE_SIPHASH_WIDE(three_avx512, 3, "avx512f,avx512vl")
DEFINE_SIPHASH_WIDE(four_avx512, 4, "avx512f,avx512vl")
DEFINE_SIPHASH_WIDE(five_avx512, 5, "avx512f,avx512vl")

/* By the words of a message, from two. */
static wide_fn *const wide_fns[][4] = {
    [CPU_AVX2] = {two_avx2, three_avx2, four_avx2, five_avx2},
    [CPU_AVX512] = {two_avx512, three_avx512, four_avx512, five_avx512},
};

/* Fewer messages are hashed one by one in the same time. */
enum { WORTH_AVX2 = 10, WORTH_AVX512 = 5 };

/* Hashes the first of the messages, up to WIDE at a time; returns how many. */
static size_t hash_wide(
    const struct hash_key *key, const uint8_t *messages, size_t len, size_t n, uint64_t *out)
{
	enum cpu_level level = cpu_get_level();
	size_t n_worth = level == CPU_AVX512 ? WORTH_AVX512 : WORTH_AVX2, done = 0;
	uint64_t k[2];
	if (level == CPU_PLAIN)
		return 0;
	wide_fn *wide = wide_fns[level][len / 8 - 1];
	memcpy(k, key->b, sizeof(k));
	while (n - done >= n_worth) {
		size_t n_now = n - done < WIDE ? n - done : WIDE;
		wide(k, messages + done * len, len, n_now, out + done);
		done += n_now;
	}
	return done;
}
#else
static size_t hash_wide(
    const struct hash_key *key, const uint8_t *messages, size_t len, size_t n, uint64_t *out)
{
	(void)key, (void)messages, (void)len, (void)n, (void)out;
	return 0;
}
#endif

void siphash_many(
    const struct hash_key *key, const void *messages, size_t len, size_t n, uint64_t *out)
{
	const uint8_t *p = messages;
	dassert(len >= 8 && len <= SIPHASH_MANY_LEN);
	for (size_t i = hash_wide(key, p, len, n, out); i < n; i++)
		out[i] = hash_siphash(key, p + i * len, len);
}
