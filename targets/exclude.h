#ifndef TARGETS_EXCLUDE_H
#define TARGETS_EXCLUDE_H

#include "targets/prefix_set.h"
#include "targets/targets.h"

/* Builds the excluded addresses that spec names: the built-in list unless lifted, -x, and the files as
 * they are now. Main thread. Returns 0 and a normalized, indexed set (owned); or an error with diag,
 * then *out is empty. */
int exclude_build(const struct targets_spec *spec, struct diag *diag, struct prefix_set *out)
    __attribute__((warn_unused_result));

/* Which line excludes addr? Writes it to text and returns 1; 0 when none does (text then names the
 * special-purpose row it is in, if any, else is empty); or an error with diag. Reads the files. */
int exclude_explain(const struct targets_spec *spec, struct u128 addr, struct diag *diag,
    char *text, size_t cap) __attribute__((warn_unused_result));

#endif
