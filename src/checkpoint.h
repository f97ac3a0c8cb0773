#ifndef SRC_CHECKPOINT_H
#define SRC_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/flow.h"
#include "base/hash.h"
#include "config.h"

/* Where a scan stands, as a small text file: enough to go on after the process, or the machine, was
 * stopped. What it promises is in synspect-scan(8), CHECKPOINTS. Main thread. */

enum { CHECKPOINT_SLICES_MAX = 64 };

struct checkpoint {
	/* which scan */
	uint64_t seed;
	uint32_t n_shards, shard;
	uint8_t digest[HASH_DIGEST_LEN]; /* targets_digest() */
	struct strlist operands;         /* TARGETs of the command line */
	char *options;                   /* the other options, as a --config file */

	/* where it stands: in each slice (sender), every attempt of every target before index was made
	 * and whoever answered is on record; of targets at or behind it, those in recorded are. */
	bool is_complete; /* nothing is left to do */
	size_t n_slices;
	uint64_t index[CHECKPOINT_SLICES_MAX];
	size_t n_recorded;
	struct target *recorded;
};

/* The text of a checkpoint; everything is borrowed, the text is the caller's (free). Returns 0 or
 * -ENOMEM. O(recorded). */
int checkpoint_format(const struct checkpoint *checkpoint, char **text, size_t *len)
    __attribute__((warn_unused_result));

/* Reads one back; path is for messages. Refuses text that was cut off or changed. Returns 0 with *out
 * for checkpoint_fini(), or -EINVAL, -ENOMEM with diag. */
int checkpoint_parse(const char *path, const char *text, size_t len, struct checkpoint *out,
    struct diag *diag) __attribute__((warn_unused_result));

/* The same from the file itself; the errors of opening and reading it too. */
int checkpoint_read(const char *path, struct checkpoint *out, struct diag *diag)
    __attribute__((warn_unused_result));

/* Frees what checkpoint_parse() made. */
void checkpoint_fini(struct checkpoint *checkpoint);

#endif
