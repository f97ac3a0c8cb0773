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

/* What stands behind targets.h. Private to targets/. Immutable while iterators run, but for the members
 * below "live". */
struct targets {
	struct targets_spec spec; /* strings borrowed; order is never AUTO */
	struct iid_set iid;
	bool has_iid;
	uint64_t
	    n_positions; /* of the whole order: every shard's; UINT64_MAX for a stream without limit */
	uint8_t digest[HASH_DIGEST_LEN];

	/* a set */
	struct space space;
	bool is_permuted;
	struct permute perm;           /* permuted, not wide */
	struct permute_wide perm_wide; /* permuted and wide */

	/* or a stream */
	struct stream *stream;

	/* live: exclusions that a reload published; guarded by lock, has_live may be read without */
	pthread_rwlock_t lock;
	atomic_bool has_live;
	struct prefix_set live;

	atomic_uint_least64_t n_bad_lines, n_unresolved, n_duplicates, n_excluded;
};

#endif
