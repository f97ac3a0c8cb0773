/* permute: keyed bijections of [0, n), enterable anywhere. Pure; any thread.
 *
 * A number below n is written as (left, right) with left < a and right < b, a and b about sqrt(n);
 * each round adds a keyed function of one side to the other, modulo that side's size. Every round can
 * be undone, so the whole is a bijection of [0, a*b); the few results >= n (fewer than 2 in sqrt(n))
 * are mapped again until they fall below n, which keeps it a bijection of [0, n) ("generalized
 * Feistel" and "cycle walking": Black, Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA
 * 2002). Six rounds, because four suffice against a chosen-input attacker when the round function is
 * random (Luby, Rackoff 1988) and ours is only well mixed: three multiplications modulo 2^64, the first
 * by a keyed odd factor, folded between. (With two, the first 400,000 targets of some spaces were
 * measurably too even: 4.5 standard deviations in a chi-square of pairs two steps apart.) */
#include "targets/permute.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/cpu.h"
#include "base/hash.h"

/* Odd numbers without structure: the fractions of the golden ratio and of the square root of 3. */
#define MIX_MUL_1 UINT64_C(0x9e3779b97f4a7c15)
#define MIX_MUL_2 UINT64_C(0xbb67ae8584caa73b)

/* Round keys: SipHash of (domain size, counter) under the seed's key, so that another n is another
 * order and not the same one stretched. */
static void make_rounds(
    struct permute_round *round, unsigned n_rounds, struct u128 n, uint64_t seed)
{
	struct hash_key key;
	hash_key_derive(seed, "permute", &key);
	uint64_t in[3] = {htole64(n.hi), htole64(n.lo), 0};
	for (unsigned r = 0; r < n_rounds; r++) {
		in[2] = htole64(2 * r);
		round[r].add = hash_siphash(&key, in, sizeof(in));
		in[2] = htole64(2 * r + 1);
		round[r].mul = hash_siphash(&key, in, sizeof(in)) | 1;
	}
}

static inline uint64_t mix(const struct permute_round *round, uint64_t x)
{
	uint64_t t = (x + round->add) * round->mul;
	t = (t ^ t >> 32) * MIX_MUL_1;
	return (t ^ t >> 32) * MIX_MUL_2;
}

/* The smallest s with s * s >= n. */
static uint64_t sqrt_up(uint64_t n)
{
	uint64_t lo = 0, hi = UINT64_C(1) << 32;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (mid * mid < n)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* floor(2^64 / b) for b >= 2. */
static uint64_t reciprocal(uint64_t b)
{
	uint64_t q = UINT64_MAX / b;
	return UINT64_MAX % b == b - 1 ? q + 1 : q;
}

void permute_init(struct permute *perm, uint64_t n, uint64_t seed)
{
	assert(n >= 1);
	perm->n = n;
	perm->b = sqrt_up(n) < 2 ? 2 : sqrt_up(n);
	perm->a = (n - 1) / perm->b + 1;
	perm->b_inv = reciprocal(perm->b);
	make_rounds(perm->round, PERMUTE_ROUNDS, u128_from_u64(n), seed);
}

/* i = left * b + right. The estimate is at most one too small. */
static inline void split(const struct permute *perm, uint64_t i, uint64_t *left, uint64_t *right)
{
	uint64_t q = u64_mulhi(i, perm->b_inv);
	uint64_t rest = i - q * perm->b;
	uint64_t is_over = rest >= perm->b;
	*left = q + is_over;
	*right = rest - (is_over ? perm->b : 0);
}

static inline uint64_t add_mod(uint64_t x, uint64_t y, uint64_t m)
{
	uint64_t sum = x + y; /* both below m <= 2^32 */
	return sum >= m ? sum - m : sum;
}

uint64_t permute_index(const struct permute *perm, uint64_t i)
{
	uint64_t left, right;
	do {
		split(perm, i, &left, &right);
		for (unsigned r = 0; r < PERMUTE_ROUNDS; r += 2) {
			left =
			    add_mod(left, u64_mulhi(mix(&perm->round[r], right), perm->a), perm->a);
			right = add_mod(
			    right, u64_mulhi(mix(&perm->round[r + 1], left), perm->b), perm->b);
		}
		i = left * perm->b + right;
	} while (__builtin_expect(i >= perm->n, 0));
	return i;
}

enum { LANES = 4 };

/* Several at once: the multiplications of one wait for each other, those of several do not. */
static inline void permute_lanes(const struct permute *perm, uint64_t index[LANES])
{
	uint64_t left[LANES], right[LANES];
	uint64_t a = perm->a, b = perm->b;
	for (unsigned k = 0; k < LANES; k++)
		split(perm, index[k], &left[k], &right[k]);
	for (unsigned r = 0; r < PERMUTE_ROUNDS; r += 2) {
		struct permute_round one = perm->round[r], two = perm->round[r + 1];
		for (unsigned k = 0; k < LANES; k++)
			left[k] = add_mod(left[k], u64_mulhi(mix(&one, right[k]), a), a);
		for (unsigned k = 0; k < LANES; k++)
			right[k] = add_mod(right[k], u64_mulhi(mix(&two, left[k]), b), b);
	}
	for (unsigned k = 0; k < LANES; k++) {
		index[k] = left[k] * b + right[k];
		if (__builtin_expect(index[k] >= perm->n, 0))
			index[k] = permute_index(perm, index[k]);
	}
}

#ifdef __x86_64__
/* The same with vectors, WIDE at once, written once for whatever a vector is made of (GNU C vectors): a
 * macro, because a function is compiled for one kind of processor before it is inlined into another. side
 * is at most 2^32, so that the upper half of t * side is had with products of 64 bits. */
enum { VECTOR = 4, GROUPS = 8, WIDE = VECTOR * GROUPS };
typedef uint64_t vector __attribute__((vector_size(VECTOR * sizeof(uint64_t))));

#define ADD_ROUND(to, from, key, side)                                                             \
	for (unsigned g = 0; g < GROUPS; g++) {                                                    \
		vector t = (from[g] + (key)->add) * (key)->mul;                                    \
		t = (t ^ t >> 32) * MIX_MUL_1;                                                     \
		t = (t ^ t >> 32) * MIX_MUL_2;                                                     \
		t = ((t >> 32) * (side) + ((t & UINT32_MAX) * (side) >> 32)) >> 32;                \
		t += to[g];                                                                        \
		to[g] = t - ((vector)(t >= (side)) & (side));                                      \
	}

#define DEFINE_PERMUTE_WIDE(name, features)                                                        \
	__attribute__((target(features))) static void name(                                        \
	    const struct permute *perm, vector *left, vector *right, uint64_t *out)                \
	{                                                                                          \
		const vector a = perm->a - (vector){0}, b = perm->b - (vector){0};                 \
		for (const struct permute_round *r = perm->round;                                  \
		     r < perm->round + PERMUTE_ROUNDS; r += 2) {                                   \
			ADD_ROUND(left, right, r, a)                                               \
			ADD_ROUND(right, left, r + 1, b)                                           \
		}                                                                                  \
		for (unsigned g = 0; g < GROUPS; g++)                                              \
			left[g] = left[g] * b + right[g];                                          \
		memcpy(out, left, WIDE * sizeof(*out));                                            \
	}

DEFINE_PERMUTE_WIDE(permute_wide_avx2, "avx2")
DEFINE_PERMUTE_WIDE(permute_wide_avx512, "avx512f,avx512dq,avx512vl")

/* The first of the images in whole WIDEs; returns how many. 0: this processor is better off without. */
static size_t permute_vectors(
    const struct permute *perm, uint64_t first, uint64_t step, size_t n, uint64_t *out)
{
	enum cpu_level level = cpu_get_level();
	if (level == CPU_PLAIN || n < WIDE)
		return 0;
	size_t i = 0;
	uint64_t l, r, l_step, r_step;
	split(perm, first, &l, &r);
	split(perm, step, &l_step, &r_step);
	for (; i + WIDE <= n; i += WIDE) {
		union {
			uint64_t one[WIDE];
			vector all[GROUPS];
		} left, right;
		for (unsigned k = 0; k < WIDE; k++) { /* equal steps: added up, not divided */
			left.one[k] = l;
			right.one[k] = r;
			uint64_t is_over = r + r_step >= perm->b;
			r += r_step - (is_over ? perm->b : 0);
			l += l_step + is_over;
		}
		(level == CPU_AVX512 ? permute_wide_avx512 : permute_wide_avx2)(
		    perm, left.all, right.all, out + i);
		for (unsigned k = 0; k < WIDE; k++) {
			if (__builtin_expect(out[i + k] >= perm->n, 0))
				out[i + k] = permute_index(perm, out[i + k]);
		}
	}
	return i;
}
#else
static size_t permute_vectors(
    const struct permute *perm, uint64_t first, uint64_t step, size_t n, uint64_t *out)
{
	(void)perm, (void)first, (void)step, (void)n, (void)out;
	return 0;
}
#endif

void permute_batch(
    const struct permute *perm, uint64_t first, uint64_t step, size_t n, uint64_t *out)
{
	size_t i = permute_vectors(perm, first, step, n, out);
	for (; i + LANES <= n; i += LANES) {
		for (unsigned k = 0; k < LANES; k++)
			out[i + k] = first + (i + k) * step;
		permute_lanes(perm, out + i);
	}
	for (; i < n; i++)
		out[i] = permute_index(perm, first + i * step);
}

uint64_t permute_inverse(const struct permute *perm, uint64_t i)
{
	uint64_t left, right;
	do {
		split(perm, i, &left, &right);
		for (unsigned r = PERMUTE_ROUNDS; r > 0; r -= 2) {
			uint64_t sub = u64_mulhi(mix(&perm->round[r - 1], left), perm->b);
			right = add_mod(right, perm->b - sub, perm->b);
			sub = u64_mulhi(mix(&perm->round[r - 2], right), perm->a);
			left = add_mod(left, perm->a - sub, perm->a);
		}
		i = left * perm->b + right;
	} while (i >= perm->n);
	return i;
}

void permute_wide_init(struct permute_wide *perm, struct u128 n, uint64_t seed)
{
	struct u128 last = u128_sub_u64(n, 1);
	assert(last.hi != 0 || last.lo != 0);
	unsigned n_bits = last.hi ? 128 - (unsigned)__builtin_clzll(last.hi)
				  : 64 - (unsigned)__builtin_clzll(last.lo);
	perm->n = n;
	perm->n_low_bits = (n_bits + 1) / 2;
	perm->n_high_bits = n_bits - perm->n_low_bits;
	make_rounds(perm->round, PERMUTE_WIDE_ROUNDS, n, seed);
}

/* The n_bits high bits of v; n_bits in 0..64. */
static uint64_t high_bits(uint64_t v, unsigned n_bits)
{
	return n_bits == 0 ? 0 : v >> (64 - n_bits);
}

struct u128 permute_wide_index(const struct permute_wide *perm, struct u128 i)
{
	unsigned low = perm->n_low_bits;
	do {
		/* left:right = i; low is 1..64 */
		uint64_t right = low == 64 ? i.lo : i.lo & ((UINT64_C(1) << low) - 1);
		uint64_t left = low == 64 ? i.hi : i.hi << (64 - low) | i.lo >> low;
		for (unsigned r = 0; r < PERMUTE_WIDE_ROUNDS; r += 2) {
			left ^= high_bits(mix(&perm->round[r], right), perm->n_high_bits);
			right ^= high_bits(mix(&perm->round[r + 1], left), low);
		}
		if (low == 64)
			i = (struct u128){left, right};
		else
			i = (struct u128){left >> (64 - low), left << low | right};
	} while (!u128_lt(i, perm->n));
	return i;
}
