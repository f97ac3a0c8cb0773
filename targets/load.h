#ifndef TARGETS_LOAD_H
#define TARGETS_LOAD_H

#include "targets/iid.h"
#include "targets/ordered.h"
#include "targets/sets.h"
#include "targets/targets.h"

/* Where an item stands. */
struct load_place {
	const char *file; /* NULL: a TARGET argument */
	uint64_t line_no;
	size_t column;    /* offset in the line */
	const char *text; /* of the line or argument */
	size_t len;
};

/* Writes "hosts.txt:12:3" or "target 10.0.0.0/33". */
void load_format_place(const struct load_place *place, char *buf, size_t cap);

/* Reads every TARGET argument and file of spec into sets, looks up host names (a failure is a warning,
 * counted in *n_unresolved), applies iid (NULL: none) to IPv6 prefixes. Main thread. Returns 0 or an
 * error with diag. */
int load_sets(const struct targets_spec *spec, const struct iid_set *iid, struct sets *sets,
    uint64_t *n_unresolved, struct diag *diag) __attribute__((warn_unused_result));

/* The same into ordered, in the input's order: a host name stands where it was written. */
int load_ordered(const struct targets_spec *spec, const struct iid_set *iid,
    struct ordered *ordered, uint64_t *n_unresolved, struct diag *diag)
    __attribute__((warn_unused_result));

/* Calls fn with each item of the input in its order, host names unresolved; a return other than 0 ends it
 * and is returned. */
typedef int load_visit_fn(
    void *context, const struct item *item, const struct load_place *place, struct diag *diag);
int load_visit(const struct targets_spec *spec, load_visit_fn *fn, void *context, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
