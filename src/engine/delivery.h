#ifndef ENGINE_DELIVERY_H
#define ENGINE_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* What became of the first data of connections, by the time at which it was sent: did the peer
 * acknowledge it at once, or only after it had been sent again? Peers that never acknowledge anything
 * say nothing about the way to them and are in neither. One thread notes, any thread reads. */

#define DELIVERY_SLOT_NS (100 * NS_PER_MS)
enum { DELIVERY_SLOTS = 128 }; /* longer than any retransmission that still says something */

/* Zeroed by its maker. */
struct delivery {
	/* Number of the slot (24 bits), of those at once (20), of those again (20): one word, so that
	 * a reader never sees half of it. */
	_Alignas(64) uint64_t slots[DELIVERY_SLOTS];
	/* Microseconds from sending first to an acknowledgement of what was sent again: smoothed, and
	 * how far it goes from there (RFC 6298's way). 0: none yet. */
	uint32_t delay_us, deviation_us;
};

struct delivery_count {
	uint32_t n_first, n_again;
};

/* What there is to know at one moment. */
struct delivery_report {
	uint64_t slot;                             /* of that moment */
	struct delivery_count ago[DELIVERY_SLOTS]; /* [k] of k slots before */
	int64_t delay_ns; /* by when most of what is acknowledged again has been; 0: not known */
};

/* The number of the slot that a time (ns, monotonic) falls into. */
static inline uint64_t delivery_slot_of(int64_t at_ns)
{
	return at_ns > 0 ? (uint64_t)(at_ns / DELIVERY_SLOT_NS) : 0;
}

/* Data that was first sent at sent_ns (monotonic) is acknowledged at now_ns. is_again: only after it was
 * sent again. The receiver's thread; O(1). Forgets slots that are DELIVERY_SLOTS older, and ignores
 * what belongs to one that is forgotten. */
void delivery_note(struct delivery *delivery, int64_t sent_ns, int64_t now_ns, bool is_again);

/* Counts many at once, of what was sent at at_ns; says nothing about delays. One thread, as above. */
void delivery_note_many(
    struct delivery *delivery, int64_t at_ns, uint64_t n_first, uint64_t n_again);

/* Adds what is known to a report whose slot is set; the longest delay counts. Any thread. */
void delivery_add(const struct delivery *delivery, struct delivery_report *report);

#endif
