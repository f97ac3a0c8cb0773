#ifndef BASE_REPEATS_H
#define BASE_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of keys that came more than once: whoever computes the same thing from the same bytes again and
 * again keeps it here. Keys are compared byte for byte, so that a value is never another key's. A key has one
 * place, by a hash that need not be keyed: who makes collisions has his values computed, as without. It takes
 * its place only when it comes a second time, so that keys that never come again (most) leave those of others
 * alone, and cost one hash. Sized once, memory touched as used. One thread. Opaque. */
struct repeats;

/* What a value is a function of. */
struct repeats_key {
	const void *bytes; /* borrowed; len of them */
	size_t len;
	uint64_t tags[2]; /* whatever else it depends on */
};

/* Room for 1 << n_bits keys of 1 to key_max bytes, each with a value of value_max bytes, aligned for any type;
 * n_bits is 1 to 16. Returns 0 or -ENOMEM; the caller owns *out. */
int repeats_create(unsigned n_bits, size_t key_max, size_t value_max, struct repeats **out)
    __attribute__((warn_unused_result));
void repeats_destroy(struct repeats *repeats);

/* The value of key, with *is_known true; or room for it, which the caller must fill now (what is there is
 * another key's), because it came twice in a row here; or NULL: there is none, and none is wanted (always so
 * for keys that are empty or too long). Valid until the next call. O(len). */
void *repeats_find(struct repeats *repeats, const struct repeats_key *key, bool *is_known);

/* The hash that chooses places: for tests, which look for keys that share it. */
uint32_t repeats_hash(const struct repeats_key *key);

#endif
