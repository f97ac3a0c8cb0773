/* seen: a window of targets that have answered. Owned by one thread; sized once, lazily touched.
 * Fingerprints lie in a ring (age) and in an open-addressed index of ring positions, which doubles as
 * the ring fills for the first time: hashes are everywhere, and an index of full size would be touched
 * by a few thousand targets. */
#include "engine/seen.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memo.h"

enum { FIRST_SLOTS = 1 << 10 };

struct seen {
	size_t capacity;
	uint64_t n_added;
	uint64_t *ring;  /* fingerprint of the target added as number n at n % capacity */
	uint32_t *index; /* ring position + 1; 0: free */
	size_t index_mask;
	struct memo memo; /* a target is asked about, then added */
};

int seen_create(size_t capacity, const struct hash_key *key, struct seen **out)
{
	if (capacity < 1u << 10 || capacity > 1u << 28 || (capacity & (capacity - 1)))
		return -EINVAL;
	struct seen *seen = calloc(1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	seen->capacity = capacity;
	seen->index_mask = FIRST_SLOTS - 1;
	memo_init(&seen->memo, key, sizeof(struct target));
	/* calloc of this size is mapped and not touched. */
	seen->ring = calloc(capacity, sizeof(*seen->ring));
	seen->index = calloc(2 * capacity, sizeof(*seen->index));
	if (!seen->ring || !seen->index) {
		seen_destroy(seen);
		return -ENOMEM;
	}
	*out = seen;
	return 0;
}

void seen_destroy(struct seen *seen)
{
	if (!seen)
		return;
	free(seen->ring);
	free(seen->index);
	free(seen);
}

static uint64_t fingerprint(struct seen *seen, const struct target *target)
{
	return memo_hash(&seen->memo, target, sizeof(*target));
}

/* The index slot that holds fp, or the free slot where it would go. */
static size_t find_slot(const struct seen *seen, uint64_t fp)
{
	size_t i = (size_t)fp & seen->index_mask;
	while (seen->index[i] && seen->ring[seen->index[i] - 1] != fp)
		i = (i + 1) & seen->index_mask;
	return i;
}

/* Frees slot i and closes the gap, so that no probe sequence is cut (Knuth 6.4, algorithm R). */
static void free_slot(struct seen *seen, size_t i)
{
	size_t j = i;
	for (;;) {
		j = (j + 1) & seen->index_mask;
		if (!seen->index[j])
			break;
		size_t home = (size_t)seen->ring[seen->index[j] - 1] & seen->index_mask;
		if (((j - home) & seen->index_mask) < ((j - i) & seen->index_mask))
			continue;
		seen->index[i] = seen->index[j];
		i = j;
	}
	seen->index[i] = 0;
}

/* Makes the index twice as large. 5 ns an entry; n_added is at most half of the new size. */
static void grow(struct seen *seen)
{
	memset(seen->index, 0, (seen->index_mask + 1) * sizeof(*seen->index));
	seen->index_mask = 2 * seen->index_mask + 1;
	for (size_t pos = 0; pos < seen->n_added; pos++)
		seen->index[find_slot(seen, seen->ring[pos])] = (uint32_t)pos + 1;
}

bool seen_add(struct seen *seen, const struct target *target)
{
	uint64_t fp = fingerprint(seen, target);
	if (seen->index[find_slot(seen, fp)])
		return false;
	size_t pos = (size_t)(seen->n_added % seen->capacity);
	if (seen->n_added >= seen->capacity)
		free_slot(seen, find_slot(seen, seen->ring[pos]));
	if (2 * (pos + 1) > seen->index_mask + 1)
		grow(seen);
	seen->n_added++;
	seen->ring[pos] = fp;
	seen->index[find_slot(seen, fp)] = (uint32_t)pos + 1;
	return true;
}

void seen_prefetch(struct seen *seen, const struct target *targets, size_t n)
{
	memo_learn(&seen->memo, targets, sizeof(*targets), n);
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(&seen->index[fingerprint(seen, &targets[i]) & seen->index_mask]);
}

bool seen_has(struct seen *seen, const struct target *target)
{
	return seen->index[find_slot(seen, fingerprint(seen, target))] != 0;
}
