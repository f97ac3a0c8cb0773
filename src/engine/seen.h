#ifndef ENGINE_SEEN_H
#define ENGINE_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/flow.h"
#include "base/hash.h"

/* Which targets have answered: so that a repeated SYN-ACK never opens a second session. A window of
 * the last `capacity` targets, by 64-bit keyed fingerprint (two targets share one with probability
 * capacity / 2^64): bounded memory, 16 bytes a target, touched only as used. One thread. Opaque. */
struct seen;

/* capacity: a power of two, 2^10 to 2^28. Returns 0, -EINVAL or -ENOMEM; the caller owns *out. */
int seen_create(size_t capacity, const struct hash_key *key, struct seen **out)
    __attribute__((warn_unused_result));
void seen_destroy(struct seen *seen);

/* Begins to fetch what the other two will need of memory for n targets, at most MEMO_LEARN_MAX. */
void seen_prefetch(struct seen *seen, const struct target *targets, size_t n);

/* Adds target and forgets the oldest when full. False: it was there already. O(1). */
bool seen_add(struct seen *seen, const struct target *target);

/* Is target there? O(1). */
bool seen_has(struct seen *seen, const struct target *target);

#endif
