/* iter: positions to targets. Each iterator belongs to one thread; the set behind it is shared and
 * immutable but for the exclusions a reload publishes. Position p of the order is the target at index
 * permute(p); shard I of N has the positions that are I modulo N, slice s of S every S-th of those, so
 * that all stand at about the same place of the same order. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "targets/internal.h"

/* Targets worked on together, so that the memory they need is fetched together. */
enum { BATCH = 32 };

void targets_iter_init(
    struct targets_iter *it, struct targets *targets, uint32_t slice, uint32_t n_slices)
{
	const struct targets_spec *spec = &targets->spec;
	uint64_t first = spec->shard + (uint64_t)spec->n_shards * slice;
	*it = (struct targets_iter){
	    .targets = targets,
	    .pos = first,
	    .end = atomic_load_explicit(&targets->n_positions, memory_order_acquire),
	    .step = (uint64_t)spec->n_shards * n_slices,
	};
	it->status = first < it->end ? TARGETS_OK : TARGETS_END;
	if (targets->stream) {
		it->pos = 0;
		it->status = TARGETS_OK;
	}
}

/* k positions further. Beyond the end it stays in step, for parts that are still to come. */
static inline void advance(struct targets_iter *it, size_t k)
{
	uint64_t last = it->pos + (k - 1) * it->step;
	it->pos = UINT64_MAX - last < it->step ? UINT64_MAX : last + it->step;
	if (it->pos >= it->end)
		it->status = TARGETS_END;
}

/* The part that has position pos, which is before the end. */
static inline const struct part *part_at(const struct targets *t, uint64_t pos)
{
	if (pos < t->main.end)
		return &t->main;
	size_t i = 0;
	while (pos >= t->returned[i]->end)
		i++;
	return t->returned[i];
}

static size_t next_batch(
    struct targets_iter *it, const struct part *part, struct target *out, size_t n)
{
	uint64_t index[BATCH];
	uint64_t end = it->end < part->end ? it->end : part->end, pos = it->pos - part->begin;
	uint64_t left = (end - it->pos - 1) / it->step + 1;
	size_t k = left < n ? (size_t)left : n;
	if (part->is_permuted) {
		permute_batch(&part->perm, pos, it->step, k, index);
	} else {
		for (size_t i = 0; i < k; i++)
			index[i] = pos + i * it->step;
	}
	for (size_t i = 0; i < k; i++)
		space_prefetch(&part->space, index[i]);
	for (size_t i = 0; i < k; i++)
		space_get(&part->space, index[i], &out[i]);
	advance(it, k);
	return k;
}

static size_t next_batch_wide(
    struct targets_iter *it, const struct part *part, struct target *out, size_t n)
{
	size_t k = 0;
	for (; k < n && it->pos < it->end && it->pos < part->end; k++) {
		struct u128 index = u128_from_u64(it->pos - part->begin);
		if (part->is_permuted)
			index = permute_wide_index(&part->perm_wide, index);
		space_get_wide(&part->space, index, &out[k]);
		advance(it, 1);
	}
	return k;
}

/* Drops from out what a reload has excluded since the index was made. */
static size_t filter_live(struct targets *t, struct target *out, size_t n)
{
	size_t kept = 0;
	pthread_rwlock_rdlock(&t->lock);
	for (size_t i = 0; i < n; i++)
		if (!prefix_set_contains(&t->live, u128_from_addr(&out[i].addr)))
			out[kept++] = out[i];
	pthread_rwlock_unlock(&t->lock);
	if (kept < n)
		atomic_fetch_add_explicit(&t->n_excluded, n - kept, memory_order_relaxed);
	return kept;
}

bool targets_is_excluded(struct targets *t, const struct ipaddr *addr)
{
	if (!atomic_load_explicit(&t->has_live, memory_order_acquire))
		return false;
	pthread_rwlock_rdlock(&t->lock);
	bool is_excluded = prefix_set_contains(&t->live, u128_from_addr(addr));
	pthread_rwlock_unlock(&t->lock);
	return is_excluded;
}

/* At the end: has a reload brought something back? */
static void look_for_more(struct targets_iter *it)
{
	if (it->status != TARGETS_END)
		return;
	it->end = atomic_load_explicit(&it->targets->n_positions, memory_order_acquire);
	if (it->pos < it->end)
		it->status = TARGETS_OK;
}

size_t targets_iter_next(struct targets_iter *it, struct target *out, size_t n)
{
	struct targets *t = it->targets;
	bool is_filtered = atomic_load_explicit(&t->has_live, memory_order_acquire);
	if (t->stream) {
		if (it->status == TARGETS_END || it->status == TARGETS_ERROR)
			return 0;
		size_t k = stream_next(t->stream, it, is_filtered, out, n);
		return is_filtered ? filter_live(t, out, k) : k;
	}
	size_t got = 0;
	/* After a reload that excludes much, yielding little must not take forever. */
	size_t n_tries = n / BATCH + 64;
	if (is_filtered)
		look_for_more(it);
	for (; got < n && it->status == TARGETS_OK && n_tries > 0; n_tries--) {
		size_t want = n - got < BATCH ? n - got : BATCH;
		const struct part *part = part_at(t, it->pos);
		size_t k = part->space.is_wide ? next_batch_wide(it, part, out + got, want)
					       : next_batch(it, part, out + got, want);
		got += is_filtered ? filter_live(t, out + got, k) : k;
		if (is_filtered)
			look_for_more(it);
	}
	return got;
}

void targets_iter_save(const struct targets_iter *it, struct targets_position *out)
{
	const struct targets_spec *spec = &it->targets->spec;
	*out = (struct targets_position){
	    .seed = spec->seed,
	    .index = it->pos,
	    .n_shards = spec->n_shards,
	    .shard = spec->shard,
	};
	memcpy(out->digest, it->targets->digest, sizeof(out->digest));
}

int targets_iter_restore(
    struct targets_iter *it, const struct targets_position *position, struct diag *diag)
{
	const struct targets_spec *spec = &it->targets->spec;
	if (memcmp(position->digest, it->targets->digest, sizeof(position->digest)) != 0)
		return diag_set(diag, -ESTALE,
		    "the position is of another set of targets: resume with the same targets, ports, "
		    "exclusions and order");
	if (position->seed != spec->seed)
		return diag_set(diag, -ESTALE, "the position is of seed %" PRIu64 ", not %" PRIu64,
		    position->seed, spec->seed);
	if (position->n_shards != spec->n_shards || position->shard != spec->shard)
		return diag_set(diag, -ESTALE, "the position is of shard %u of %u, not %u of %u",
		    position->shard, position->n_shards, spec->shard, spec->n_shards);
	if (it->targets->stream) {
		stream_skip_to(it->targets->stream, position->index);
		it->pos = position->index;
		return 0;
	}
	/* The first position of this slice that is not before index. */
	if (position->index > it->pos) {
		uint64_t n_steps = (position->index - it->pos - 1) / it->step + 1;
		bool is_beyond = n_steps > (UINT64_MAX - it->pos) / it->step;
		it->pos = is_beyond ? UINT64_MAX : it->pos + n_steps * it->step;
		it->status = it->pos < it->end ? TARGETS_OK : TARGETS_END;
	}
	return 0;
}
