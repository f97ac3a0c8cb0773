/* counters: the table of what is counted, and its sums. Any thread. */
#include "base/counters.h"

#include "base/dassert.h"

static const struct counter_row rows[COUNTER_COUNT] = {
#define COUNTER(name, owner, kind, help)                                                           \
	[COUNTER_##name] = {#name, COUNTER_OWNER_##owner, COUNTER_KIND_##kind, help},
#include "counters.def"
#undef COUNTER
};

_Static_assert(sizeof(struct counters) % 64 == 0, "two threads never share a cache line");

void counters_sum(const struct counters *const *all, size_t n, struct counters_snapshot *out)
{
	*out = (struct counters_snapshot){0};
	for (size_t i = 0; i < n; i++) {
		if (!all[i])
			continue;
		for (size_t id = 0; id < COUNTER_COUNT; id++)
			out->v[id] += counters_get(all[i], (enum counter_id)id);
	}
}

const struct counter_row *counters_get_row(enum counter_id id)
{
	assert(id < COUNTER_COUNT);
	return &rows[id];
}
