/* siphash: SipHash-2-4 in lanes, each a message of its own. Any thread. Refuses other lengths than
 * SIPHASH_SHORT_LEN; libsodium's (base/hash.c) does those, and is what this is tested against.
 * Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", Indocrypt 2012, section 2. */
#include "base/siphash.h"

#include <string.h>

#include "base/cpu.h"

#ifdef __x86_64__
enum { LANES = 4, GROUPS = 4, WIDE = LANES * GROUPS, WORDS = SIPHASH_SHORT_LEN / 8 + 1 };

typedef uint64_t lanes __attribute__((vector_size(LANES * sizeof(uint64_t))));

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

#define DEFINE_SIPHASH_WIDE(name, features)                                                        \
	__attribute__((target(features))) static void name(                                        \
	    const uint64_t key[2], const uint64_t(*words)[WIDE], uint64_t *out)                    \
	{                                                                                          \
		lanes v0[GROUPS], v1[GROUPS], v2[GROUPS], v3[GROUPS], m[GROUPS];                   \
		EACH_GROUP                                                                         \
		{                                                                                  \
			v0[g] = (key[0] ^ UINT64_C(0x736f6d6570736575)) + (lanes){0};              \
			v1[g] = (key[1] ^ UINT64_C(0x646f72616e646f6d)) + (lanes){0};              \
			v2[g] = (key[0] ^ UINT64_C(0x6c7967656e657261)) + (lanes){0};              \
			v3[g] = (key[1] ^ UINT64_C(0x7465646279746573)) + (lanes){0};              \
		}                                                                                  \
		for (unsigned w = 0; w < WORDS; w++) {                                             \
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
		memcpy(out, v0, sizeof(v0));                                                       \
	}

DEFINE_SIPHASH_WIDE(siphash_wide_avx2, "avx2")
DEFINE_SIPHASH_WIDE(siphash_wide_avx512, "avx512f,avx512vl")

/* Message i as words, the last with the length in its highest byte. */
static inline void spread(const uint8_t *message, uint64_t (*words)[WIDE], size_t i)
{
	uint32_t rest;
	memcpy(&words[0][i], message, 8);
	memcpy(&words[1][i], message + 8, 8);
	memcpy(&rest, message + 16, 4);
	words[2][i] = rest | (uint64_t)SIPHASH_SHORT_LEN << 56;
}

/* Hashes the first of the messages, in whole WIDEs; returns how many. */
static size_t hash_wide(
    const struct hash_key *key, const uint8_t *messages, size_t n, uint64_t *out)
{
	enum cpu_level level = cpu_get_level();
	uint64_t k[2], words[WORDS][WIDE];
	size_t done = 0;
	if (level == CPU_PLAIN)
		return 0;
	memcpy(k, key->b, sizeof(k));
	for (; done + WIDE <= n; done += WIDE) {
		for (size_t i = 0; i < WIDE; i++)
			spread(messages + (done + i) * SIPHASH_SHORT_LEN, words, i);
		(level == CPU_AVX512 ? siphash_wide_avx512 : siphash_wide_avx2)(
		    k, (const uint64_t(*)[WIDE])words, out + done);
	}
	return done;
}
#else
static size_t hash_wide(
    const struct hash_key *key, const uint8_t *messages, size_t n, uint64_t *out)
{
	(void)key, (void)messages, (void)n, (void)out;
	return 0;
}
#endif

void siphash_short(const struct hash_key *key, const void *messages, size_t n, uint64_t *out)
{
	const uint8_t *p = messages;
	for (size_t i = hash_wide(key, p, n, out); i < n; i++)
		out[i] = hash_siphash(key, p + i * SIPHASH_SHORT_LEN, SIPHASH_SHORT_LEN);
}
