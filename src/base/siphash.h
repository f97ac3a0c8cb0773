#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>

#include "base/hash.h"

/* SipHash-2-4 of many short messages at once, for the cookies of a batch of targets and the look-ups of a
 * batch of packets. The same numbers as hash_siphash(), which serves where the processor has no vectors. */

enum { SIPHASH_MANY_LEN = 39 };

/* Hashes n messages of len bytes each, 8 to SIPHASH_MANY_LEN, that stand one behind the other, to
 * out[0..n-1]. Any thread. O(n); sixteen or more take a third of the time of so many calls of hash_siphash()
 * with AVX-512, two thirds with AVX2. */
void siphash_many(
    const struct hash_key *key, const void *messages, size_t len, size_t n, uint64_t *out);

#endif
