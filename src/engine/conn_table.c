/* conn_table: flow -> handle. Receiver thread; sized once, no allocation after that. An entry is 39 bits
 * of the flow's keyed hash and the handle, eight to a cache line; the home of an entry is a line, so that
 * looking up costs one, and the flow itself stays where the handle leads. Linear probing,
 * backward-shift deletion (Knuth 6.4, algorithm R), at most half full. */
#include "engine/conn_table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/dassert.h"
#include "base/memo.h"

struct slot {
	uint64_t hash : 39;   /* more than any table has slots: the home is known from it */
	uint64_t handle : 25; /* + 1; 0: free */
};

enum { LINE_SLOTS = 8, HASH_SHIFT = 64 - 39 };

_Static_assert(LINE_SLOTS * sizeof(struct slot) == 64, "one cache line");
_Static_assert(CONN_HANDLES_MAX < 1 << 25, "a handle fits");

struct conn_table {
	conn_is_flow is_flow;
	void *ctx;
	size_t mask;
	size_t n_flows;
	size_t max_flows;
	struct slot *slots;
	struct memo memo; /* flows are asked about again, to enter them or to take them out */
};

int conn_table_create(size_t max_flows, const struct hash_key *key, conn_is_flow is_flow, void *ctx,
    struct conn_table **out)
{
	if (max_flows == 0 || max_flows > CONN_HANDLES_MAX)
		return -EINVAL;
	struct conn_table *table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	size_t n = 64;
	while (n < 2 * max_flows)
		n *= 2;
	/* Mapped, not allocated: pages that no flow has used stay out of memory. */
	table->slots = mmap(NULL, n * sizeof(struct slot), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table->slots == MAP_FAILED) {
		free(table);
		return -ENOMEM;
	}
	table->is_flow = is_flow;
	table->ctx = ctx;
	table->mask = n - 1;
	table->max_flows = max_flows;
	memo_init(&table->memo, key, sizeof(struct flow));
	*out = table;
	return 0;
}

void conn_table_destroy(struct conn_table *table)
{
	if (!table)
		return;
	munmap(table->slots, (table->mask + 1) * sizeof(struct slot));
	free(table);
}

uint64_t conn_table_hash(struct conn_table *table, const struct flow *flow)
{
	return memo_hash(&table->memo, flow, sizeof(*flow));
}

static size_t home_of(const struct conn_table *table, uint64_t hash)
{
	return (size_t)hash & table->mask & ~(size_t)(LINE_SLOTS - 1);
}

static uint64_t hash_of(struct conn_table *table, const struct flow *flow)
{
	return conn_table_hash(table, flow) >> HASH_SHIFT;
}

static bool is_slot_of(
    const struct conn_table *table, const struct slot *slot, uint64_t hash, const struct flow *flow)
{
	return slot->hash == hash && table->is_flow(table->ctx, slot->handle - 1U, flow);
}

/* The slot of flow, whose hash is given, or the free one where it would go. */
static size_t find_slot(const struct conn_table *table, uint64_t hash, const struct flow *flow)
{
	size_t i = home_of(table, hash);
	while (table->slots[i].handle && !is_slot_of(table, &table->slots[i], hash, flow))
		i = (i + 1) & table->mask;
	return i;
}

uint32_t conn_table_lookup(struct conn_table *table, const struct flow *flow)
{
	const struct slot *slot = &table->slots[find_slot(table, hash_of(table, flow), flow)];
	return slot->handle ? slot->handle - 1U : CONN_NONE;
}

bool conn_table_insert(struct conn_table *table, const struct flow *flow, uint32_t handle)
{
	if (table->n_flows == table->max_flows)
		return false;
	uint64_t hash = hash_of(table, flow);
	struct slot *slot = &table->slots[find_slot(table, hash, flow)];
	if (slot->handle)
		return false;
	slot->hash = hash & ((UINT64_C(1) << 39) - 1);
	dassert(handle < CONN_HANDLES_MAX);
	slot->handle = (handle + 1) & (2 * CONN_HANDLES_MAX - 1U);
	table->n_flows++;
	return true;
}

void conn_table_remove(struct conn_table *table, const struct flow *flow)
{
	size_t i = find_slot(table, hash_of(table, flow), flow);
	if (!table->slots[i].handle)
		return;
	table->n_flows--;
	size_t j = i;
	for (;;) {
		j = (j + 1) & table->mask;
		if (!table->slots[j].handle)
			break;
		size_t home = home_of(table, table->slots[j].hash);
		if (((j - home) & table->mask) < ((j - i) & table->mask))
			continue;
		table->slots[i] = table->slots[j];
		i = j;
	}
	table->slots[i].handle = 0;
}

void conn_table_prefetch(struct conn_table *table, const struct flow *flows, size_t n)
{
	memo_learn(&table->memo, flows, sizeof(*flows), n);
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(&table->slots[home_of(table, hash_of(table, &flows[i]))]);
}

uint32_t conn_table_guess(struct conn_table *table, const struct flow *flow)
{
	uint64_t hash = hash_of(table, flow);
	size_t i = home_of(table, hash);
	while (table->slots[i].handle && table->slots[i].hash != hash)
		i = (i + 1) & table->mask;
	return table->slots[i].handle ? table->slots[i].handle - 1U : CONN_NONE;
}

size_t conn_table_count(const struct conn_table *table)
{
	return table->n_flows;
}
