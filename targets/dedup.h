#ifndef TARGETS_DEDUP_H
#define TARGETS_DEDUP_H

#include "base/flow.h"
#include "targets/ports.h"
#include "targets/prefix_set.h"
#include "targets/window.h"

/* Which targets of a stream have been there already, in constant memory. Exact for the first 2^20
 * different lines of one address; after that for at least the last 2^20. Prefixes and ranges are
 * remembered exactly, up to 65,536 of them. One owner. */
enum { DEDUP_WINDOW = 1 << 20, DEDUP_MAX_RANGES = 65536, DEDUP_MAX_LISTED = 256, DEDUP_TAIL = 64 };

struct dedup_listed {
	struct range range;
	struct port_set *ports;
};

struct dedup {
	const struct port_set *ports; /* of lines that name none; borrowed, may be NULL */
	struct window window;
	bool has_bare;                 /* addresses without a port are in the window */
	bool has_pairs;                /* addresses with one are */
	struct prefix_set ranges;      /* crossed with ports; normalized */
	struct range tail[DEDUP_TAIL]; /* the newest, not yet in ranges */
	size_t n_tail;
	struct dedup_listed listed[DEDUP_MAX_LISTED]; /* ranges with a list of their own; owned */
	size_t n_listed;
};

void dedup_init(struct dedup *d, const struct port_set *ports);
void dedup_fini(struct dedup *d);

/* Has addr:port been named before, alone or within a range? */
bool dedup_has(const struct dedup *d, const struct target *target);

/* The same, but only as a pair or within a range that has ports of its own. */
bool dedup_has_own_port(const struct dedup *d, const struct target *target);

/* Has the address without a port been named before, with all its ports? Remembers it if not. */
bool dedup_test_and_add_bare(struct dedup *d, const struct ipaddr *addr);

/* The same for a pair. */
bool dedup_test_and_add_pair(struct dedup *d, const struct target *target);

/* May some target of the range have been there? false saves asking for each. */
bool dedup_may_overlap(const struct dedup *d, const struct range *range);

/* Remembers that range has been yielded with ports (NULL: the default ones; else copied). */
void dedup_add_range(struct dedup *d, const struct range *range, const struct port_set *ports);

#endif
