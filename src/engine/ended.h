#ifndef ENGINE_ENDED_H
#define ENGINE_ENDED_H

#include <stdbool.h>
#include <stdint.h>

/* Connections that we have reset a moment ago. What their peers said before the RST can have reached them
 * comes as a stray, and needs no second RST. A table of 2^14 places of 8 bytes; a later connection takes the
 * place of an earlier one, and then a stray is answered that need not be. One thread. Opaque. */
struct ended;

/* Returns 0 or -ENOMEM; the caller owns *out. */
int ended_create(struct ended **out) __attribute__((warn_unused_result));
void ended_destroy(struct ended *ended);

/* The connection whose flow has this keyed hash was reset; rtt_us: its round trip, 0 or less: unknown.
 * now_ns: monotonic. O(1). */
void ended_note(struct ended *ended, uint64_t hash, int32_t rtt_us, int64_t now_ns);

/* May the peer not have seen our RST yet when it sent what came at now_ns? Wrong for one of 2^32 others.
 * O(1). */
bool ended_is_recent(const struct ended *ended, uint64_t hash, int64_t now_ns);

#endif
