#ifndef SIG_DISPATCH_H
#define SIG_DISPATCH_H

#include "sig/finder.h"
#include "sig/model.h"

/* Which rules are tried on an answer, in which order, and what spares trying one. Private to sig/. */

struct eval;

/* What a rule cannot do without, besides its word and its pairs. */
enum dispatch_screen {
	SCREEN_NONE,
	SCREEN_HEADER,  /* a header line with one of a few names, whose value begins so */
	SCREEN_ANSWERS, /* a question of a few */
	SCREEN_ECHO,    /* it must begin as the question does */
};

/* One rule of a list, with all that is needed to refuse it: a list is read in one go, a rule lies
 * somewhere. */
struct dispatch_entry {
	uint16_t rule; /* index in sig_set.rules; DISPATCH_END ends the list, with zeros */
	uint16_t end;  /* with so many bytes, no pair that comes later helps */
	uint8_t rank;
	uint8_t min_len;
	uint8_t word_off;
	uint8_t screen : 7; /* enum dispatch_screen */
	uint8_t
	    is_waiting : 1; /* all it lacks without its pairs is time: MAYBE before end, then NO */
	uint8_t word[4];    /* the bytes at word_off, as far as the mask says */
	uint32_t mask;      /* in memory like word; 0: there is no word */
	uint32_t needs;     /* finder_find() has one of these bits; 0: nothing is known */
	uint32_t firsts;    /* SCREEN_HEADER: the last five bits of first bytes of the value */
	uint64_t bits;      /* SCREEN_HEADER: of names; _ANSWERS: of probe ids */
};

_Static_assert(sizeof(struct dispatch_entry) == 32, "two to a cache line");

#define DISPATCH_END UINT16_MAX

/* Rules by falling rank, and the pairs that some of them need. */
struct dispatch_list {
	const struct dispatch_entry *entries;
	size_t reach;     /* no pair matters behind so many bytes */
	bool has_waiting; /* some entry is_waiting */
	struct finder finder;
};

/* A beginning that many rules share: most answers of some protocols. */
struct dispatch_start {
	struct dispatch_start *next; /* shorter ones later */
	const uint8_t *bytes;
	size_t len;
	const struct dispatch_list *list;
};

struct dispatch {
	struct {
		struct dispatch_start *starts;
		const struct dispatch_list *list; /* when none of the starts is there */
	} by_first[256];
};

/* Makes set->dispatch of the set's rules, which are ordered and linked. Returns 0 or -ENOMEM. */
int dispatch_create(struct sig_set *set) __attribute__((warn_unused_result));

/* The rules that can hold for these bytes (len > 0). */
const struct dispatch_list *dispatch_find(
    const struct dispatch *dispatch, const uint8_t *bytes, size_t len);

/* Makes the entry of a rule for answers whose first n_known bytes need not be looked at, being those of start
 * (NULL: one of several bytes), and notes its pairs in the finder of its list. */
void screen_make(const struct sig_set *set, const struct sig_rule *rule, const uint8_t *start,
    size_t n_known, struct finder *finder, struct dispatch_entry *out);

/* The first entry from this one on that is not refuted, of at least that rank, or NULL. What refutes is
 * cheaper than evaluation, and never wrong. Closes e, as evaluation of the rule would make necessary, where a
 * rule was refuted that later bytes could make true. */
const struct dispatch_entry *screen_next(struct eval *e, const struct dispatch_list *list,
    const struct dispatch_entry *entry, uint8_t min_rank);

/* Which of 64 kinds a header name of len > 0 bytes is; case does not matter. The factors were searched for:
 * names that rules look for share a kind with few that every web server sends. */
static inline uint8_t screen_header_kind(const uint8_t *name, size_t len)
{
	unsigned first = name[0] | 0x20U;
	unsigned middle = name[len / 2] | 0x20U;
	unsigned last = name[len - 1] | 0x20U;
	return (uint8_t)((len * 41 + first * 16 + middle * 63 + last * 39) & 63);
}

#endif
