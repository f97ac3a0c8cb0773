/* seen: a window of targets that have answered. Owned by one thread; sized once, lazily touched.
 * Fingerprints lie in a ring (age) and in an open-addressed index of ring positions, which doubles as
 * the ring fills for the first time: hashes are everywhere, and an index of full size would be touched
 * by a few thousand targets. What a position leaves of a cell of the index is a tag, bits of the fingerprint, so
 * that a stranger's cell seldom leads to the ring, which is in no cache. */
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
	uint32_t *index; /* tag, ring position + 1; 0: free */
	size_t index_mask;
	unsigned n_pos_bits; /* of a cell: the rest is its tag */
	struct memo memo;    /* a target is asked about, then added */
};

int seen_create(size_t capacity, const struct hash_key *key, struct seen **out)
{
	if (capacity < 1u << 10 || capacity > 1u << 28 || (capacity & (capacity - 1)))
		return -EINVAL;
	struct seen *seen = calloc(1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	seen->capacity = capacity;
	seen->n_pos_bits = (unsigned)__builtin_ctzll(capacity) + 1;
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

/* What stands in the index for the target with that fingerprint at pos of the ring. */
static uint32_t make_cell(const struct seen *seen, uint64_t fp, size_t pos)
{
	uint32_t tag = (uint32_t)(fp >> 32) >> seen->n_pos_bits;
	return tag << seen->n_pos_bits | (uint32_t)(pos + 1);
}

/* The fingerprint that a cell of the index stands for. */
static uint64_t get_fp(const struct seen *seen, uint32_t cell)
{
	return seen->ring[(cell & ((UINT32_C(1) << seen->n_pos_bits) - 1)) - 1];
}

static bool is_cell_of(const struct seen *seen, uint32_t cell, uint64_t fp)
{
	uint32_t tag = (uint32_t)(fp >> 32) >> seen->n_pos_bits;
	return cell >> seen->n_pos_bits == tag && get_fp(seen, cell) == fp;
}

/* The index slot that holds fp, or the free slot where it would go. */
static size_t find_slot(const struct seen *seen, uint64_t fp)
{
	size_t i = (size_t)fp & seen->index_mask;
	while (seen->index[i] && !is_cell_of(seen, seen->index[i], fp))
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
		size_t home = (size_t)get_fp(seen, seen->index[j]) & seen->index_mask;
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
	for (size_t pos = 0; pos < seen->n_added; pos++) {
		uint64_t fp = seen->ring[pos];
		seen->index[find_slot(seen, fp)] = make_cell(seen, fp, pos);
	}
}

bool seen_add(struct seen *seen, const struct target *target)
{
	uint64_t fp = fingerprint(seen, target);
	size_t i = find_slot(seen, fp);
	if (seen->index[i])
		return false;
	size_t pos = (size_t)(seen->n_added % seen->capacity);
	bool is_full = seen->n_added >= seen->capacity,
	     is_crowded = 2 * (pos + 1) > seen->index_mask + 1;
	if (is_full)
		free_slot(seen, find_slot(seen, seen->ring[pos]));
	if (is_crowded)
		grow(seen);
	if (is_full || is_crowded) /* others have moved */
		i = find_slot(seen, fp);
	seen->n_added++;
	seen->ring[pos] = fp;
	seen->index[i] = make_cell(seen, fp, pos);
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
