#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/* What is counted during a run. Each thread owns one struct counters and alone writes to it; anybody
 * may read at any time. The rows are in counters.def. */

enum counter_id {
#define COUNTER(name, owner, kind, help) COUNTER_##name,
#include "counters.def"
#undef COUNTER
	COUNTER_COUNT,
};

enum counter_owner { COUNTER_OWNER_TX, COUNTER_OWNER_RX, COUNTER_OWNER_OUT, COUNTER_OWNER_MAIN };
enum counter_kind { COUNTER_KIND_TOTAL, COUNTER_KIND_GAUGE };

/* One thread's counters, on cache lines of their own. Zeroed by its maker. Never copied. */
struct counters {
	_Alignas(64) uint64_t v[COUNTER_COUNT];
};

/* Values at one moment, for people: plain numbers that the holder owns. */
struct counters_snapshot {
	uint64_t v[COUNTER_COUNT];
};

/* A row of counters.def. */
struct counter_row {
	const char *name;
	enum counter_owner owner;
	enum counter_kind kind;
	const char *help;
};

/* Adds n. Owner thread only: a load and a store, no locked instruction. */
static inline void counters_add(struct counters *c, enum counter_id id, uint64_t n)
{
	uint64_t v = __atomic_load_n(&c->v[id], __ATOMIC_RELAXED);
	__atomic_store_n(&c->v[id], v + n, __ATOMIC_RELAXED);
}

/* Sets a gauge, or a total that is read from elsewhere (kernel drops). Owner thread only. */
static inline void counters_set(struct counters *c, enum counter_id id, uint64_t value)
{
	__atomic_store_n(&c->v[id], value, __ATOMIC_RELAXED);
}

/* One value of one thread. Any thread; values of different ids may be from different moments. */
static inline uint64_t counters_get(const struct counters *c, enum counter_id id)
{
	return __atomic_load_n(&c->v[id], __ATOMIC_RELAXED);
}

/* Sums the counters of n threads into *out. all[i] may be NULL (thread not started). Any thread. */
void counters_sum(const struct counters *const *all, size_t n, struct counters_snapshot *out);

/* The row of id; valid for ever. */
const struct counter_row *counters_get_row(enum counter_id id);

#endif
