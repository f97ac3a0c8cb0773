#ifndef OUT_RECENT_H
#define OUT_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"

/* The targets of the last records, for checkpoints: a scan that is resumed does not ask them again.
 * Bounded: the oldest are forgotten first. One owning thread. Opaque. */
struct recent;

enum { RECENT_MAX = 1 << 17 };

/* Takes all its memory, about 6 MiB. Returns 0 or -ENOMEM; the caller owns *out. */
int recent_create(struct recent **out) __attribute__((warn_unused_result));
void recent_destroy(struct recent *recent); /* NULL is fine */

/* A record of target was written at now_ns (monotonic, never decreasing). O(1). */
void recent_add(struct recent *recent, const struct target *target, int64_t now_ns);

/* Copies the targets that came at since_ns or later, oldest first, as far as they are remembered.
 * Borrowed until the next call. O(result). */
const struct target *recent_list(struct recent *recent, int64_t since_ns, size_t *n);

#endif
