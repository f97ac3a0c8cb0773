/* wheel: hierarchical timer wheel. Owned by one thread; no allocation, no clock.
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 7. */
#include "base/wheel.h"

#include <string.h>

enum {
	SLOT_BITS = 8,
	SLOT_MASK = WHEEL_SLOTS - 1,
	JUMP_TICKS = 1 << 16, /* beyond that, placing all entries anew is cheaper than walking */
};

static uint64_t tick_of(int64_t ns)
{
	return ns <= 0 ? 0 : (uint64_t)(ns / WHEEL_TICK_NS);
}

void wheel_init(struct wheel *wheel, int64_t now_ns)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->tick = tick_of(now_ns);
}

/* Puts entry where its deadline belongs, but not before the tick `earliest`, which is at least the
 * wheel's. */
static void place(struct wheel *wheel, struct wheel_entry *entry, uint64_t earliest)
{
	/* Never early: the tick after the one that contains the deadline. */
	uint64_t at = tick_of(entry->deadline_ns) + 1;
	if (at < earliest)
		at = earliest;
	uint64_t ahead = at - wheel->tick;
	int level = 0;
	while (level < WHEEL_LEVELS - 1 && ahead >> (SLOT_BITS * (level + 1)))
		level++;
	/* Beyond the horizon: parked in the last slot of the top level, placed again from there. */
	if (ahead >> (SLOT_BITS * WHEEL_LEVELS))
		at = wheel->tick + (UINT64_C(1) << (SLOT_BITS * WHEEL_LEVELS)) - 1;
	struct wheel_entry **slot = &wheel->slots[level][at >> (SLOT_BITS * level) & SLOT_MASK];
	entry->next = *slot;
	if (entry->next)
		entry->next->pprev = &entry->next;
	entry->pprev = slot;
	*slot = entry;
}

static void take_off(struct wheel_entry *entry)
{
	*entry->pprev = entry->next;
	if (entry->next)
		entry->next->pprev = entry->pprev;
	entry->pprev = NULL;
	entry->next = NULL;
}

void wheel_disarm(struct wheel *wheel, struct wheel_entry *entry)
{
	if (!entry->pprev)
		return;
	take_off(entry);
	wheel->n_armed--;
}

void wheel_arm(struct wheel *wheel, struct wheel_entry *entry, int64_t deadline_ns)
{
	wheel_disarm(wheel, entry);
	entry->deadline_ns = deadline_ns;
	/* Never this tick again: who arms in the past as often as he fires would not come out of
	 * wheel_expire. */
	place(wheel, entry, wheel->tick + 1);
	wheel->n_armed++;
}

/* Moves the entries of a higher level's current slot down, when the lower level comes round. */
static void cascade(struct wheel *wheel)
{
	for (int level = 1; level < WHEEL_LEVELS; level++) {
		if (wheel->tick & ((UINT64_C(1) << (SLOT_BITS * level)) - 1))
			return;
		struct wheel_entry **slot =
		    &wheel->slots[level][wheel->tick >> (SLOT_BITS * level) & SLOT_MASK];
		struct wheel_entry *list = *slot;
		*slot = NULL;
		while (list) {
			struct wheel_entry *entry = list;
			list = entry->next;
			place(wheel, entry, wheel->tick);
		}
	}
}

/* Goes to the tick `now` at once and places every entry anew: what is due lies in its slot then. */
static void jump(struct wheel *wheel, uint64_t now)
{
	struct wheel_entry *all = NULL;
	for (int level = 0; level < WHEEL_LEVELS; level++) {
		for (int i = 0; i < WHEEL_SLOTS; i++) {
			struct wheel_entry *entry;
			while ((entry = wheel->slots[level][i]) != NULL) {
				take_off(entry);
				entry->next = all;
				all = entry;
			}
		}
	}
	wheel->tick = now;
	while (all) {
		struct wheel_entry *entry = all;
		all = entry->next;
		place(wheel, entry, now);
	}
}

struct wheel_entry *wheel_expire(struct wheel *wheel, int64_t now_ns)
{
	uint64_t now = tick_of(now_ns);
	for (;;) {
		struct wheel_entry *entry = wheel->slots[0][wheel->tick & SLOT_MASK];
		if (entry && wheel->tick <= now) {
			take_off(entry);
			wheel->n_armed--;
			return entry;
		}
		if (wheel->tick >= now)
			return NULL;
		if (wheel->n_armed == 0) {
			wheel->tick = now;
			return NULL;
		}
		if (now - wheel->tick > JUMP_TICKS) {
			jump(wheel, now);
			continue;
		}
		wheel->tick++;
		cascade(wheel);
	}
}
