/* targets: puts a target set together from what the user asked for, and answers questions about it. Main
 * thread builds, reloads and destroys; everything else may be called by any thread.
 * Refuses spaces that cannot be numbered and accidents (more than 2^24 addresses, nobody excluded). */
#include "targets/targets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/exclude.h"
#include "targets/internal.h"
#include "targets/load.h"
#include "targets/ordered.h"

/* Bump when the same input is numbered or permuted differently than before. */
#define ORDER_VERSION "synspect targets 1"

static int check_spec(struct targets_spec *spec, struct diag *diag)
{
	if (spec->n_shards == 0)
		spec->n_shards = 1;
	if (spec->n_shards > 65535)
		return diag_set(diag, -EINVAL, "%u shards: use 1 to 65535", spec->n_shards);
	if (spec->shard >= spec->n_shards)
		return diag_set(diag, -EINVAL, "shard %u of %u: shards count from 0, use 0 to %u",
		    spec->shard, spec->n_shards, spec->n_shards - 1);
	unsigned n_stdin = 0;
	for (size_t i = 0; i < spec->n_files; i++)
		n_stdin += strcmp(spec->files[i], "-") == 0;
	for (size_t i = 0; i < spec->n_exclude_files; i++)
		n_stdin += strcmp(spec->exclude_files[i], "-") == 0;
	if (n_stdin > 1)
		return diag_set(diag, -EINVAL, "stdin (-) can be read once: name one file \"-\"");
	if (spec->n_targets == 0 && spec->n_files == 0)
		return diag_set(
		    diag, -EINVAL, "no targets: name an address, a prefix or a file (-t FILE)");
	return 0;
}

static int parse_ports(const struct targets_spec *spec, struct diag *diag, struct port_set **out)
{
	*out = NULL;
	if (!spec->ports)
		return 0;
	struct diag why;
	int err = port_set_parse(spec->ports, strlen(spec->ports), &why, out);
	return err ? diag_set(diag, err, "--ports: %s", why.text) : 0;
}

static int build_random(struct targets *t, const struct prefix_set *excluded, struct space *space,
    uint64_t *n_unresolved, struct diag *diag)
{
	struct port_set *ports;
	int err = parse_ports(&t->spec, diag, &ports);
	if (err)
		return err;
	struct sets *sets = malloc(sizeof(*sets));
	if (!sets) {
		port_set_destroy(ports);
		return diag_set(diag, -ENOMEM, "no memory for targets");
	}
	sets_init(sets, ports);
	err = load_sets(&t->spec, t->has_iid ? &t->iid : NULL, sets, n_unresolved, diag);
	if (!err)
		err = sets_finish(sets, excluded, diag);
	if (!err && space_init(space, sets))
		err = diag_set(diag, -ENOMEM, "no memory for this many targets");
	sets_fini(sets);
	free(sets);
	return err;
}

static int build_ordered(struct targets *t, const struct prefix_set *excluded, struct space *space,
    uint64_t *n_unresolved, struct diag *diag)
{
	struct port_set *ports;
	struct ordered ordered;
	int err = parse_ports(&t->spec, diag, &ports);
	if (err)
		return err;
	if (ordered_init(&ordered, ports))
		return diag_set(diag, -ENOMEM, "no memory for targets");
	err = load_ordered(&t->spec, t->has_iid ? &t->iid : NULL, &ordered, n_unresolved, diag);
	if (!err)
		err = ordered_finish(&ordered, excluded, space, diag);
	ordered_fini(&ordered);
	return err;
}

/* The checks that need to know how large the space is. */
static int check_size(const struct targets *t, struct diag *diag)
{
	const struct targets_spec *spec = &t->spec;
	if (u128_eq(t->main.space.n, U128_MAX))
		return diag_set(
		    diag, -E2BIG, "more than 2^128 targets: name longer prefixes or fewer ports");
	if (t->main.space.is_wide && !spec->max_targets)
		return diag_set(diag, -E2BIG,
		    "more than 2^64-1 targets: give --max-targets N to probe a sample of N");
	struct u128 n = t->main.space.n_addresses;
	if (spec->max_targets && u128_lt(u128_from_u64(spec->max_targets), n))
		n = u128_from_u64(spec->max_targets);
	if (u128_lt(u128_from_u64(1 << 24), n) && spec->n_exclude_files == 0 && !spec->no_exclude)
		return diag_set(diag, -E2BIG,
		    "more than 2^24 addresses and no exclude file: give -X FILE with those who asked not "
		    "to be scanned, or --no-exclude");
	return 0;
}

int targets_number(
    struct targets *t, const struct prefix_set *excluded, struct part *part, struct diag *diag)
{
	uint64_t n_unresolved = 0;
	part->is_permuted = t->spec.order == TARGETS_ORDER_RANDOM;
	int err = part->is_permuted ? build_random(t, excluded, &part->space, &n_unresolved, diag)
				    : build_ordered(t, excluded, &part->space, &n_unresolved, diag);
	if (err)
		return err;
	atomic_store(&t->n_unresolved, n_unresolved);
	const struct space *space = &part->space;
	uint64_t n = space->is_wide ? UINT64_MAX : space->n.lo;
	if (t->spec.max_targets && t->spec.max_targets < n)
		n = t->spec.max_targets;
	part->end = part->begin + n;
	if (!part->is_permuted || n == 0)
		return 0;
	if (space->is_wide)
		permute_wide_init(&part->perm_wide, space->n, t->spec.seed);
	else
		permute_init(&part->perm, space->n.lo, t->spec.seed);
	return 0;
}

static void make_digest(struct targets *t)
{
	struct hash_digest_state state;
	uint8_t order = (uint8_t)t->spec.order;
	hash_digest_init(&state);
	hash_digest_update(&state, ORDER_VERSION, sizeof(ORDER_VERSION));
	hash_digest_update(&state, &order, 1);
	space_digest(&t->main.space, &state);
	hash_digest_final(&state, t->digest);
}

/* Takes excluded when a reload may need it. */
static int build_set(struct targets *t, struct prefix_set *excluded, struct diag *diag)
{
	int err = targets_number(t, excluded, &t->main, diag);
	if (!err)
		err = check_size(t, diag);
	if (err)
		return err;
	atomic_store(&t->n_positions, t->main.end);
	make_digest(t);
	if (t->spec.n_exclude_files > 0) {
		t->left_out = *excluded;
		prefix_set_init(excluded);
	}
	return 0;
}

static int build_stream(
    struct targets *t, struct prefix_set *excluded, bool is_mixed, struct diag *diag)
{
	struct hash_digest_state state;
	uint8_t order = is_mixed ? TARGETS_ORDER_COUNT : TARGETS_ORDER_LIST;
	hash_digest_init(&state);
	hash_digest_update(&state, ORDER_VERSION, sizeof(ORDER_VERSION));
	hash_digest_update(&state, &order, 1);
	int err = stream_digest(&t->spec, &state, diag);
	if (err)
		return err;
	hash_digest_final(&state, t->digest);
	t->main.end = t->spec.max_targets ? t->spec.max_targets : UINT64_MAX;
	return stream_create(t, excluded, is_mixed, diag, &t->stream);
}

/* Set or stream? TARGET arguments alone are always a set; files are streamed when the user wants their
 * order, or leaves it to us and they are plain lists or have no end we could wait for. */
static int choose_order(struct targets *t, bool *is_stream, bool *is_mixed, struct diag *diag)
{
	struct targets_spec *spec = &t->spec;
	enum stream_look look = STREAM_LOOKS_PLAIN;
	bool has_pipe = false;
	*is_mixed = spec->order == TARGETS_ORDER_AUTO;
	if (spec->n_files > 0 && spec->order != TARGETS_ORDER_RANDOM) {
		int err = stream_look_ahead(spec, &has_pipe, &look, diag);
		if (err)
			return err;
	}
	*is_stream = spec->n_files > 0 && spec->order == TARGETS_ORDER_LIST;
	if (spec->order == TARGETS_ORDER_AUTO) {
		*is_stream = spec->n_files > 0 && (has_pipe || look == STREAM_LOOKS_PLAIN);
		spec->order = *is_stream ? TARGETS_ORDER_LIST : TARGETS_ORDER_RANDOM;
	}
	return 0;
}

static int build(struct targets *t, struct diag *diag)
{
	struct prefix_set excluded;
	bool is_stream = false, is_mixed = false;
	int err = check_spec(&t->spec, diag);
	if (!err && t->spec.v6_iid) {
		t->has_iid = true;
		err = iid_parse(t->spec.v6_iid, diag, &t->iid);
	}
	if (!err)
		err = choose_order(t, &is_stream, &is_mixed, diag);
	if (!err)
		err = exclude_build(&t->spec, diag, &excluded);
	if (err)
		return err;
	err =
	    is_stream ? build_stream(t, &excluded, is_mixed, diag) : build_set(t, &excluded, diag);
	prefix_set_fini(&excluded);
	return err;
}

int targets_create(const struct targets_spec *spec, struct diag *diag, struct targets **out)
{
	struct targets *t = calloc(1, sizeof(*t));
	if (!t || hash_init() || pthread_rwlock_init(&t->lock, NULL)) {
		free(t);
		return diag_set(diag, -ENOMEM, "no memory for targets");
	}
	t->spec = *spec;
	prefix_set_init(&t->live);
	prefix_set_init(&t->left_out);
	int err = build(t, diag);
	if (err) {
		targets_destroy(t);
		return err;
	}
	*out = t;
	return 0;
}

void targets_destroy(struct targets *t)
{
	if (!t)
		return;
	stream_destroy(t->stream);
	space_fini(&t->main.space);
	for (size_t i = 0; i < t->n_returned; i++) {
		space_fini(&t->returned[i]->space);
		free(t->returned[i]);
	}
	prefix_set_fini(&t->left_out);
	prefix_set_fini(&t->live);
	pthread_rwlock_destroy(&t->lock);
	free(t);
}

bool targets_count(const struct targets *t, uint64_t *out)
{
	uint64_t n = t->main.end, shard = t->spec.shard;
	if (t->stream)
		return false;
	*out = n > shard ? (n - shard - 1) / t->spec.n_shards + 1 : 0;
	return true;
}

bool targets_count_addresses(const struct targets *t, uint64_t *out)
{
	if (t->stream)
		return false;
	*out = t->main.space.n_addresses.hi ? UINT64_MAX : t->main.space.n_addresses.lo;
	return true;
}

bool targets_is_stream(const struct targets *t)
{
	return t->stream != NULL;
}

bool targets_is_random(const struct targets *t)
{
	return !t->stream && t->main.is_permuted;
}

void targets_digest(const struct targets *t, uint8_t out[HASH_DIGEST_LEN])
{
	memcpy(out, t->digest, HASH_DIGEST_LEN);
}

bool targets_has_family(const struct targets *t, bool is_v4)
{
	struct target target;
	return t->stream || space_first(&t->main.space, is_v4, &target);
}

bool targets_first(const struct targets *t, bool is_v4, struct target *out)
{
	return !t->stream && space_first(&t->main.space, is_v4, out);
}

void targets_get_counters(const struct targets *t, struct targets_counters *out)
{
	out->n_bad_lines = atomic_load(&t->n_bad_lines);
	out->n_unresolved = atomic_load(&t->n_unresolved);
	out->n_duplicates = atomic_load(&t->n_duplicates);
	out->n_excluded = atomic_load(&t->n_excluded);
}

const char *targets_error(const struct targets *t)
{
	return t->stream ? stream_error(t->stream) : "";
}

int targets_poll_fd(const struct targets *t)
{
	return t->stream ? stream_poll_fd(t->stream) : -1;
}
