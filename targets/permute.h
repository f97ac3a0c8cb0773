#ifndef TARGETS_PERMUTE_H
#define TARGETS_PERMUTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/u128.h"

/* Keyed bijections of [0, n): the order of a scan. The same n and seed give the same order on every
 * machine and in every version; tests/vectors/permute.txt guards it. Plain values, no allocation,
 * any number of threads may read one. */

enum { PERMUTE_ROUNDS = 6, PERMUTE_WIDE_ROUNDS = 8 };

struct permute_round {
	uint64_t add;
	uint64_t mul; /* odd */
};

struct permute {
	uint64_t n;
	uint64_t a, b;  /* sides of the square that holds n: a * b >= n, each at most 2^32 */
	uint64_t b_inv; /* floor(2^64 / b), to divide by multiplying */
	struct permute_round round[PERMUTE_ROUNDS];
};

/* Prepares the bijection of [0, n) that seed names. n >= 1. */
void permute_init(struct permute *perm, uint64_t n, uint64_t seed);

/* i < n to its image. O(1), about 10 ns. */
uint64_t permute_index(const struct permute *perm, uint64_t i);

/* The images of n indices, first, first + step ... (all < perm->n), to out; faster than one by one. */
void permute_batch(
    const struct permute *perm, uint64_t first, uint64_t step, size_t n, uint64_t *out);

/* The inverse: permute_index(permute_inverse(i)) == i. */
uint64_t permute_inverse(const struct permute *perm, uint64_t i);

/* The same for spaces larger than 2^64: samples of IPv6. Slower. */
struct permute_wide {
	struct u128 n;
	unsigned n_low_bits; /* of the right half; the left half has as many or one less */
	unsigned n_high_bits;
	struct permute_round round[PERMUTE_WIDE_ROUNDS];
};

/* n >= 2. */
void permute_wide_init(struct permute_wide *perm, struct u128 n, uint64_t seed);

/* i < n to its image. Expected at most two walks of the cycle. */
struct u128 permute_wide_index(const struct permute_wide *perm, struct u128 i);

#endif
