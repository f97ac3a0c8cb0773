#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>

#include "base/hash.h"

/* SipHash-2-4 of many short messages at once, for the cookies of a batch of targets. The same numbers as
 * hash_siphash(), which serves where the processor has no vectors. */

enum { SIPHASH_SHORT_LEN = 20 };

/* Hashes n messages of SIPHASH_SHORT_LEN bytes that stand one behind the other, to out[0..n-1]. Any
 * thread. O(n); about a quarter of the time of n calls of hash_siphash(). */
void siphash_short(const struct hash_key *key, const void *messages, size_t n, uint64_t *out);

#endif
