#ifndef TESTS_UNIT_SIG_UTIL_H
#define TESTS_UNIT_SIG_UTIL_H

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "sig/model.h"

/* A set of nothing but the given file texts (NULL ends the list). Returns what sig_parse or
 * sig_compile returned; on success the caller owns *out. */
static inline int set_of(
    const char *const *texts, const char *contact, struct diag *diag, struct sig_set **out)
{
	struct sig_set *set = calloc(1, sizeof(*set));
	int rc = set ? 0 : -1;
	for (; !rc && *texts; texts++) {
		struct sig_protocol *protocol = NULL;
		rc = sig_parse(set, "f.sig", *texts, strlen(*texts), contact, diag, &protocol);
		if (!rc)
			sig_set_link(set, protocol);
	}
	rc = rc ? rc : sig_compile(set, diag);
	if (rc) {
		sig_set_destroy(set);
		return rc;
	}
	*out = set;
	return 0;
}

#endif
