#ifndef TARGETS_ORDERED_H
#define TARGETS_ORDERED_H

#include "targets/item.h"
#include "targets/space.h"

/* The input in its own order, with an index: for TARGET arguments under --order list. What an earlier
 * item has already named is left out of later ones. One owner. */
struct ordered {
	struct space_seg *items; /* as added */
	size_t n, cap;
	struct port_set **lists; /* owned */
	size_t n_lists, lists_cap;
	bool has_default; /* lists[0] is that of -p */
};

/* Takes ports (may be NULL). Returns 0 or -ENOMEM (ports is freed). */
int ordered_init(struct ordered *o, struct port_set *ports) __attribute__((warn_unused_result));
void ordered_fini(struct ordered *o);

/* Adds a range with the ports item names. Returns 0, -ENOMEM, -EINVAL or -E2BIG with diag. */
int ordered_add(struct ordered *o, const struct item *item, struct diag *diag)
    __attribute__((warn_unused_result));

/* Numbers what was added, without what excluded (normalized) holds. Returns 0 or an error with diag.
 * O(n * overlaps). */
int ordered_finish(const struct ordered *o, const struct prefix_set *excluded, struct space *space,
    struct diag *diag) __attribute__((warn_unused_result));

#endif
