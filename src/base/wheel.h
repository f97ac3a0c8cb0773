#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hierarchical timer wheel (Varghese, Lauck 1987): arm, re-arm and disarm in O(1). Entries are
 * embedded in their owner; the wheel borrows them until they fire or are disarmed. One thread. */

struct wheel_entry {
	struct wheel_entry *next;
	struct wheel_entry **pprev; /* NULL: not armed */
	int64_t deadline_ns;
};

enum { WHEEL_LEVELS = 4, WHEEL_SLOTS = 256 };

/* An entry fires at most one tick (WHEEL_TICK_NS) late, never early. */
#define WHEEL_TICK_NS INT64_C(2000000)

struct wheel {
	struct wheel_entry *slots[WHEEL_LEVELS][WHEEL_SLOTS];
	uint64_t tick; /* all ticks before this one have fired */
	size_t n_armed;
};

/* now_ns: monotonic; the wheel's time starts there. */
void wheel_init(struct wheel *wheel, int64_t now_ns);

/* Arms or re-arms entry for deadline_ns; a deadline in the past fires at the next tick. */
void wheel_arm(struct wheel *wheel, struct wheel_entry *entry, int64_t deadline_ns);

/* Disarms; harmless when not armed. */
void wheel_disarm(struct wheel *wheel, struct wheel_entry *entry);

static inline bool wheel_is_armed(const struct wheel_entry *entry)
{
	return entry->pprev != NULL;
}

/* Takes one entry that is due at now_ns off the wheel and returns it, or NULL when there is none.
 * Call it until it gives NULL. A clock that stands still or jumps back fires nothing; one that jumps
 * ahead fires everything due, at O(1) per passed tick, at most 2^16 of them and O(entries). */
struct wheel_entry *wheel_expire(struct wheel *wheel, int64_t now_ns);

#endif
