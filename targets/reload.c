/* reload: exclusions that change while the scan runs. Main thread; iterators run on. What the files add is
 * filtered from what the parts yield. What they no longer name was left out when the targets were
 * numbered: it is numbered now, as a part behind all others, so that no position changes its meaning. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "targets/exclude.h"
#include "targets/internal.h"

/* Everything that is not in kept, normalized and indexed. */
static int complement(const struct prefix_set *kept, struct prefix_set *out)
{
	struct prefix_set all;
	struct ipaddr v4_lo = ipaddr_from_v4(0), v4_hi = ipaddr_from_v4(UINT32_MAX);
	prefix_set_init(&all);
	int err =
	    prefix_set_add(&all, (struct range){u128_from_addr(&v4_lo), u128_from_addr(&v4_hi)});
	if (!err)
		err = prefix_set_add(&all, (struct range){u128_from_u64(0), U128_MAX});
	prefix_set_normalize(&all);
	if (!err)
		err = prefix_set_subtract(&all, kept, out);
	if (!err)
		err = prefix_set_index(out);
	prefix_set_fini(&all);
	return err;
}

static int check_returns(const struct targets *t, struct diag *diag)
{
	for (size_t i = 0; i < t->spec.n_files; i++)
		if (strcmp(t->spec.files[i], "-") == 0)
			return diag_set(diag, -ESPIPE,
			    "the targets came from stdin, which cannot be read again");
	if (t->spec.max_targets)
		return diag_set(diag, -EINVAL, "--max-targets has chosen from the others");
	if (t->n_returned == TARGETS_MAX_RETURNS)
		return diag_set(diag, -E2BIG, "that was done %d times", TARGETS_MAX_RETURNS);
	return 0;
}

/* Numbers the targets in freed behind all others; *out is NULL when there are none. */
static int number_freed(
    struct targets *t, const struct prefix_set *freed, struct part **out, struct diag *diag)
{
	struct prefix_set others;
	struct part *part = calloc(1, sizeof(*part));
	prefix_set_init(&others);
	int err = check_returns(t, diag);
	if (!err && (!part || complement(freed, &others)))
		err = diag_set(diag, -ENOMEM, "no memory");
	if (!err) {
		part->begin = atomic_load(&t->n_positions);
		err = targets_number(t, &others, part, diag);
	}
	if (!err && (part->space.is_wide || part->end < part->begin || part->end == UINT64_MAX))
		err = diag_set(diag, -E2BIG, "they are too many");
	prefix_set_fini(&others);
	if (err || part->end == part->begin) {
		if (part)
			space_fini(&part->space);
		free(part);
		part = NULL;
	}
	*out = part;
	return err;
}

/* What the parts were numbered without and fresh does not name any more, as a part to publish; NULL: it
 * is nothing, or cannot come back, which is said. */
static struct part *make_part(struct targets *t, const struct prefix_set *fresh)
{
	struct prefix_set freed, rest;
	struct part *part = NULL;
	struct diag why = {{0}};
	prefix_set_init(&freed);
	prefix_set_init(&rest);
	int err = prefix_set_subtract(&t->left_out, fresh, &freed);
	if (!err)
		err = prefix_set_subtract(&t->left_out, &freed, &rest);
	if (!err && prefix_set_n(&freed) > 0)
		err = number_freed(t, &freed, &part, &why);
	if (!err) {
		prefix_set_fini(&t->left_out);
		t->left_out = rest;
		prefix_set_init(&rest);
	}
	if (err)
		log_warn("what the exclude files no longer name stays out of this scan: %s",
		    why.text[0] ? why.text : strerror(-err));
	prefix_set_fini(&freed);
	prefix_set_fini(&rest);
	return part;
}

int targets_reload_exclusions(struct targets *t, struct diag *diag)
{
	struct prefix_set fresh, old;
	for (size_t i = 0; i < t->spec.n_exclude_files; i++)
		if (strcmp(t->spec.exclude_files[i], "-") == 0)
			return diag_set(diag, -ESPIPE,
			    "exclude file stdin cannot be read again: the exclusions stay as they were");
	int err = exclude_build(&t->spec, diag, &fresh);
	if (err)
		return err;
	struct part *part = t->stream ? NULL : make_part(t, &fresh);
	/* Both at once: who filters by the new exclusions must not come to the end without the part, and
	 * who takes from the part must not filter by the old ones. */
	pthread_rwlock_wrlock(&t->lock);
	old = t->live;
	t->live = fresh;
	if (part) {
		t->returned[t->n_returned++] = part;
		atomic_store_explicit(&t->n_positions, part->end, memory_order_release);
	}
	atomic_store(&t->has_live, true);
	pthread_rwlock_unlock(&t->lock);
	prefix_set_fini(&old);
	return 0;
}
