#ifndef TARGETS_IID_H
#define TARGETS_IID_H

#include "base/diag.h"
#include "targets/item.h"

/* --v6-iid: which interface identifiers (the low 64 bits, RFC 4291 section 2.5.1) are tried in each /64
 * of an IPv6 prefix. Immutable after parsing. */

enum { IID_MAX_PATTERNS = 256, IID_MAX_PIECES = 1 << 22 };

struct iid_set {
	struct {
		uint64_t lo, hi;
	} pattern[IID_MAX_PATTERNS];
	size_t n;
};

/* Parses "low:256,::1,::a,::10-::1f,eui64:00:1b:21". Returns 0, or -EINVAL with diag. */
int iid_parse(const char *text, struct diag *diag, struct iid_set *out)
    __attribute__((warn_unused_result));

/* Does it apply to the item? To IPv6 prefixes of at most 64 bits. */
static inline bool iid_applies(const struct item *item)
{
	return item->kind == ITEM_RANGE && item->prefix_len <= 64;
}

/* How many ranges the item becomes; -E2BIG with diag when more than IID_MAX_PIECES. */
long iid_count(const struct iid_set *set, const struct item *item, struct diag *diag)
    __attribute__((warn_unused_result));

/* Range number i of those, 0..count-1: the patterns of a /64 are adjacent. */
struct range iid_get(const struct iid_set *set, const struct item *item, size_t i);

#endif
