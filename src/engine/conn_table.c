/* conn_table: flow -> handle. Receiver thread; sized once, no allocation after that. An entry is the
 * flow's keyed hash and the handle, four to a cache line; the home of an entry is a line, so that
 * looking up costs one, and the flow itself stays where the handle leads. Linear probing,
 * backward-shift deletion (Knuth 6.4, algorithm R), at most half full. */
#include "engine/conn_table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

struct slot {
	uint64_t hash;
	uint32_t handle; /* + 1; 0: free */
	uint32_t unused;
};

enum { LINE_SLOTS = 4 };

_Static_assert(LINE_SLOTS * sizeof(struct slot) == 64, "one cache line");

struct conn_table {
	struct hash_key key;
	size_t mask;
	size_t n_flows;
	size_t max_flows;
	struct slot *slots;
};

int conn_table_create(size_t max_flows, const struct hash_key *key, struct conn_table **out)
{
	if (max_flows == 0 || max_flows >= UINT32_MAX / 4)
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
	table->key = *key;
	table->mask = n - 1;
	table->max_flows = max_flows;
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

static size_t home_of(const struct conn_table *table, uint64_t hash)
{
	return (size_t)hash & table->mask & ~(size_t)(LINE_SLOTS - 1);
}

/* The slot of hash, or the free one where it would go. */
static size_t find_slot(const struct conn_table *table, uint64_t hash)
{
	size_t i = home_of(table, hash);
	while (table->slots[i].handle && table->slots[i].hash != hash)
		i = (i + 1) & table->mask;
	return i;
}

static uint64_t hash_of(const struct conn_table *table, const struct flow *flow)
{
	return hash_siphash(&table->key, flow, sizeof(*flow));
}

uint32_t conn_table_lookup(const struct conn_table *table, const struct flow *flow)
{
	const struct slot *slot = &table->slots[find_slot(table, hash_of(table, flow))];
	return slot->handle ? slot->handle - 1 : CONN_NONE;
}

bool conn_table_insert(struct conn_table *table, const struct flow *flow, uint32_t handle)
{
	if (table->n_flows == table->max_flows)
		return false;
	uint64_t hash = hash_of(table, flow);
	struct slot *slot = &table->slots[find_slot(table, hash)];
	if (slot->handle)
		return false;
	slot->hash = hash;
	slot->handle = handle + 1;
	table->n_flows++;
	return true;
}

void conn_table_remove(struct conn_table *table, const struct flow *flow)
{
	size_t i = find_slot(table, hash_of(table, flow));
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

size_t conn_table_count(const struct conn_table *table)
{
	return table->n_flows;
}
