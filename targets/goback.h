#ifndef TARGETS_GOBACK_H
#define TARGETS_GOBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Where first attempts stood at which time, and which of their positions are to be given out again because
 * what went out then may be lost. Positions alone: memory does not follow the number of targets. Every
 * position comes again at most once. A value; one owner; no clock. */

enum {
	GOBACK_SLOTS =
	    256, /* moments remembered, GOBACK_SLOT_NS apart; earlier ones are taken for the oldest */
	GOBACK_SPANS = 16, /* stretches that wait; when more come they grow together */
};
#define GOBACK_SLOT_NS (50 * NS_PER_MS)

struct goback_span {
	uint64_t pos, end; /* still to be given out: pos to end - 1 */
	int64_t since_ns;  /* what is at pos or behind went out then or later */
};

struct goback {
	uint64_t slot;             /* the newest that is noted */
	bool has_slot;             /* false: nothing was noted yet */
	uint64_t first_pos;        /* where it all began */
	uint64_t at[GOBACK_SLOTS]; /* position at the beginning of each slot */
	uint64_t done;             /* what is before it does not come again any more, but for: */
	struct goback_span spans[GOBACK_SPANS];
	uint32_t n_spans;
	bool is_held; /* there may be more to come, from here on: */
	struct goback_span held;
};

/* first_pos: where first attempts begin. */
void goback_init(struct goback *goback, uint64_t first_pos);

/* At now_ns (monotonic, never decreasing) first attempts stand at pos. O(1) but for slots left out. */
void goback_note(struct goback *goback, int64_t now_ns, uint64_t pos);

/* What went out at from_ns or later may have to come again: goback_get_earliest() says so until
 * goback_add(). pos: where first attempts stand now. */
void goback_hold(struct goback *goback, int64_t from_ns, uint64_t pos);

/* What went out between the two times is to come again, as far as it has not yet. pos: where first attempts
 * stand now. from_ns == to_ns: nothing is. Ends a hold. */
void goback_add(struct goback *goback, int64_t from_ns, int64_t to_ns, uint64_t pos);

/* The stretch to give out from; NULL: none. Its user moves its pos on, and calls goback_advance() when it
 * has got to its end. */
struct goback_span *goback_get(struct goback *goback);
void goback_advance(struct goback *goback);

/* The earliest position that is still to come again, or may have to. False: none. */
bool goback_get_earliest(const struct goback *goback, struct goback_span *out);

#endif
