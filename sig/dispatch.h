#ifndef SIG_DISPATCH_H
#define SIG_DISPATCH_H

#include "sig/model.h"

/* Which rules are tried on an answer, in which order, and what spares trying one. Private to sig/. */

struct eval;

/* What a cheap look at the answer can say against a rule. */
enum dispatch_screen {
	SCREEN_NONE,
	SCREEN_HEADER,   /* a header line with one of a few names is needed */
	SCREEN_CONTAINS, /* a byte is needed, of a few that no literal goes without */
	SCREEN_ECHO,     /* it must begin as the question does */
};

enum { SCREEN_BYTES = 8 };

/* One rule of a list, with all that is needed to refuse it: a list is read in one go, a rule lies
 * somewhere. */
struct dispatch_entry {
	uint16_t rule; /* index in sig_set.rules; DISPATCH_END ends the list */
	uint8_t rank;
	uint8_t screen; /* enum dispatch_screen */
	uint16_t min_len;
	uint16_t end; /* SCREEN_CONTAINS: with so many bytes, nothing is found later */
	union {
		uint64_t headers;            /* SCREEN_HEADER: bits of the names */
		uint8_t bytes[SCREEN_BYTES]; /* SCREEN_CONTAINS: unused ones repeat the first */
	};
};

_Static_assert(sizeof(struct dispatch_entry) == 16, "four to a cache line");

#define DISPATCH_END UINT16_MAX

/* A beginning that many rules share: most answers of some protocols. */
struct dispatch_start {
	struct dispatch_start *next; /* shorter ones later */
	const uint8_t *bytes;
	size_t len;
	const struct dispatch_entry *entries;
};

struct dispatch {
	struct {
		struct dispatch_start *starts;
		const struct dispatch_entry *entries; /* when none of the starts is there */
	} by_first[256];
};

/* Makes set->dispatch of the set's rules, which are ordered and linked. Returns 0 or -ENOMEM. */
int dispatch_create(struct sig_set *set) __attribute__((warn_unused_result));

/* The rules that can hold for these bytes (len > 0), by falling rank. */
const struct dispatch_entry *dispatch_find(
    const struct dispatch *dispatch, const uint8_t *bytes, size_t len);

/* The bit that stands for a header name of len > 0 bytes; case does not matter, names may share one. */
static inline uint64_t dispatch_header_bit(const uint8_t *name, size_t len)
{
	unsigned first = name[0] | 0x20U;
	unsigned last = name[len - 1] | 0x20U;
	return UINT64_C(1) << ((len * 37 + first * 5 + last * 11) & 63);
}

#endif
