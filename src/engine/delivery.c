/* delivery: counts, by send time, what was acknowledged at once and what only after a retransmission.
 * The receiver's thread writes, main reads; no lock, no clock. */
#include "engine/delivery.h"

#define COUNT_BITS 20
#define COUNT_MAX  ((UINT64_C(1) << COUNT_BITS) - 1)
#define SLOT_BITS  24
#define SLOT_MASK  ((UINT64_C(1) << SLOT_BITS) - 1) /* 19 days of slots */
#define SMOOTH     16

static uint64_t number_in(uint64_t word)
{
	return word >> (2 * COUNT_BITS);
}

/* How many slots a lies behind b, round the end of the numbers. */
static int32_t slots_behind(uint64_t a, uint64_t b)
{
	return (int32_t)((uint32_t)(b - a) << (32 - SLOT_BITS)) >> (32 - SLOT_BITS);
}

static void note_delay(struct delivery *d, int64_t sent_ns, int64_t now_ns)
{
	int64_t delay_ns;
	if (__builtin_sub_overflow(now_ns, sent_ns, &delay_ns) || delay_ns <= 0 ||
	    delay_ns > DELIVERY_SLOTS * DELIVERY_SLOT_NS)
		return;
	int64_t delay = delay_ns / NS_PER_US, mean = d->delay_us, deviation = d->deviation_us;
	int64_t off = delay > mean ? delay - mean : mean - delay;
	if (mean == 0) {
		mean = delay;
		deviation = delay / 4;
	} else {
		deviation += (off - deviation) / SMOOTH;
		mean += (delay - mean) / SMOOTH;
	}
	__atomic_store_n(&d->delay_us, (uint32_t)mean, __ATOMIC_RELAXED);
	__atomic_store_n(&d->deviation_us, (uint32_t)deviation, __ATOMIC_RELAXED);
}

static uint64_t add(uint64_t count, uint64_t n)
{
	return n < COUNT_MAX - count ? count + n : COUNT_MAX;
}

void delivery_note_many(struct delivery *d, int64_t at_ns, uint64_t n_first, uint64_t n_again)
{
	uint64_t slot = delivery_slot_of(at_ns);
	uint64_t *word = &d->slots[slot % DELIVERY_SLOTS];
	uint64_t v = __atomic_load_n(word, __ATOMIC_RELAXED);
	slot &= SLOT_MASK;
	if (number_in(v) != slot) {
		/* One that is empty may have any number. */
		bool is_used = v << SLOT_BITS != 0;
		if (is_used && slots_behind(slot, number_in(v)) > 0)
			return;
		v = 0;
	}
	n_first = add(v >> COUNT_BITS & COUNT_MAX, n_first);
	n_again = add(v & COUNT_MAX, n_again);
	__atomic_store_n(
	    word, slot << (2 * COUNT_BITS) | n_first << COUNT_BITS | n_again, __ATOMIC_RELAXED);
}

void delivery_note(struct delivery *d, int64_t sent_ns, int64_t now_ns, bool is_again)
{
	delivery_note_many(d, sent_ns, !is_again, is_again);
	if (is_again)
		note_delay(d, sent_ns, now_ns);
}

void delivery_add(const struct delivery *d, struct delivery_report *report)
{
	for (uint64_t k = 0; k < DELIVERY_SLOTS && k <= report->slot; k++) {
		uint64_t slot = report->slot - k;
		uint64_t v = __atomic_load_n(&d->slots[slot % DELIVERY_SLOTS], __ATOMIC_RELAXED);
		if (number_in(v) != (slot & SLOT_MASK))
			continue;
		report->ago[k].n_first += (uint32_t)(v >> COUNT_BITS & COUNT_MAX);
		report->ago[k].n_again += (uint32_t)(v & COUNT_MAX);
	}
	int64_t mean = __atomic_load_n(&d->delay_us, __ATOMIC_RELAXED);
	int64_t deviation = __atomic_load_n(&d->deviation_us, __ATOMIC_RELAXED);
	int64_t delay_ns = (mean + 2 * deviation) * NS_PER_US;
	if (delay_ns > report->delay_ns)
		report->delay_ns = delay_ns;
}
