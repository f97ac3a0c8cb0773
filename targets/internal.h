#ifndef TARGETS_INTERNAL_H
#define TARGETS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "targets/iid.h"
#include "targets/permute.h"
#include "targets/prefix_set.h"
#include "targets/space.h"
#include "targets/stream.h"
#include "targets/targets.h"

/* Numbered targets that take the positions begin..end-1 of the order. Immutable. */
struct part {
	struct space space;
	bool is_permuted;
	struct permute perm;           /* permuted, not wide */
	struct permute_wide perm_wide; /* permuted and wide */
	uint64_t begin, end;
};

/* How often a reload may bring targets back. */
enum { TARGETS_MAX_RETURNS = 64 };

/* What stands behind targets.h. Private to targets/. Immutable while iterators run, but for the members
 * below "live". */
struct targets {
	struct targets_spec spec; /* strings borrowed; order is never AUTO */
	struct iid_set iid;
	bool has_iid;
	uint8_t digest[HASH_DIGEST_LEN];

	struct part main; /* a set; of a stream only end counts: the most targets it may yield */

	/* or a stream */
	struct stream *stream;

	/* live: exclusions that a reload published; guarded by lock, has_live may be read without */
	pthread_rwlock_t lock;
	atomic_bool has_live;
	struct prefix_set live;

	/* live, of a set: targets that a reload has brought back, behind all others. Main thread writes;
	 * n_positions (of the whole order, every shard's) is raised when a part is ready. */
	atomic_uint_least64_t n_positions;
	struct part *returned[TARGETS_MAX_RETURNS];
	size_t n_returned;
	struct prefix_set left_out; /* exclusions that the parts were numbered without */

	atomic_uint_least64_t n_bad_lines, n_unresolved, n_duplicates, n_excluded;
};

/* Numbers everything that spec names and excluded (normalized) does not hold, into an empty part; begin is
 * set. Main thread. Returns 0 or an error with diag, then *part is to be finished all the same. */
int targets_number(struct targets *targets, const struct prefix_set *excluded, struct part *part,
    struct diag *diag) __attribute__((warn_unused_result));

#endif
