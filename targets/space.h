#ifndef TARGETS_SPACE_H
#define TARGETS_SPACE_H

#include "base/flow.h"
#include "base/hash.h"
#include "targets/sets.h"

/* The numbered targets: index to target. Immutable after it is made; any thread reads it. */

enum { SPACE_N_PARTS = 5 };

struct space_ports {
	uint16_t *list;
	uint32_t n;
	uint64_t n_inv; /* floor(2^64 / n), for n >= 2 */
};

struct space {
	struct u128 n;           /* how many targets; U128_MAX: too many to number */
	bool is_wide;            /* n >= 2^64: only space_get_wide() works */
	struct u128 n_addresses; /* distinct */

	/* ranges of addresses, each crossed with a list of ports */
	size_t n_segs;
	struct u128 *seg_lo;      /* first address */
	uint64_t *seg_at;         /* n_segs + 1: index of its first target; NULL when wide */
	struct u128 *seg_at_wide; /* the same when wide */
	uint16_t *seg_ports;      /* which list; NULL: all the first */
	struct space_ports *ports;
	size_t n_ports;
	uint32_t *bucket; /* of index >> bucket_shift: the segment it begins in */
	unsigned bucket_shift;

	/* then what is packed: singles and pairs; part_at: index of the first of each */
	uint64_t part_at[SPACE_N_PARTS + 1];
	struct keys single4, single6, pair4, pair6;
};

/* Takes everything in sets (finished); sets is empty after that. Segments stand in address order.
 * Returns 0 or -ENOMEM. O(ranges). */
int space_init(struct space *space, struct sets *sets) __attribute__((warn_unused_result));

/* Makes the segments stand in another order: segs are n disjoint ranges with the group each belongs to
 * (0..n_groups-1), lists the groups' ports. Borrows all. Returns 0 or -ENOMEM. */
struct space_seg {
	struct range range;
	uint16_t ports;
};
int space_init_ordered(struct space *space, const struct space_seg *segs, size_t n,
    struct port_set *const *lists, size_t n_lists) __attribute__((warn_unused_result));

void space_fini(struct space *space);

/* The target at index < n; not for wide spaces. O(1) nearly: a bucket, then a short search. */
void space_get(const struct space *space, uint64_t index, struct target *out);

/* Begins loading what space_get(index) will read. */
void space_prefetch(const struct space *space, uint64_t index);

/* The target at index < n of any space. O(log ranges). */
void space_get_wide(const struct space *space, struct u128 index, struct target *out);

/* One target of the family; false when there is none. O(segments). */
bool space_first(const struct space *space, bool is_v4, struct target *out);

/* Everything that decides which target an index is. */
void space_digest(const struct space *space, struct hash_digest_state *state);

#endif
