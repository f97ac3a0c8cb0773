/* window: a bounded memory of targets. Pure memory; one owner. */
#include "targets/window.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/u128.h"

enum { MIN_SLOTS = 4096, GROWTH = 8, HUGE_PAGE = 1 << 21 };

void window_init(struct window *window, size_t cap)
{
	memset(window, 0, sizeof(*window));
	window->cap = cap;
}

void window_fini(struct window *window)
{
	free(window->young.slot);
	free(window->old.slot);
	window_init(window, window->cap);
}

/* Slots of a table that holds cap keys and is half full at most. */
static size_t slots_for(size_t cap)
{
	size_t n_slots = MIN_SLOTS;
	while (n_slots < 2 * cap)
		n_slots *= 2;
	return n_slots;
}

/* Zeroed slots, in large pages where the system has them: with small ones every lookup in a large table
 * waits for a page table too. Freed with free(). */
static uint64_t *alloc_slots(size_t n_slots)
{
	size_t n_bytes = n_slots * sizeof(uint64_t);
	if (n_bytes < HUGE_PAGE)
		return calloc(n_slots, sizeof(uint64_t));
	uint64_t *slot = aligned_alloc(HUGE_PAGE, n_bytes);
	if (slot) {
		madvise(slot, n_bytes, MADV_HUGEPAGE); /* a hint: failing costs speed only */
		memset(slot, 0, n_bytes);
	}
	return slot;
}

bool window_reserve(struct window *window)
{
	struct window_table *tables[] = {&window->young, &window->old};
	for (size_t i = 0; i < 2; i++) {
		if (tables[i]->slot)
			continue;
		tables[i]->n_slots = slots_for(window->cap);
		tables[i]->slot = alloc_slots(tables[i]->n_slots);
		if (!tables[i]->slot)
			return false;
	}
	return true;
}

/* Bijective in the low half of the address for any one high half and port, so that IPv4 addresses and
 * the hosts of one network never collide. */
uint64_t window_key(const struct ipaddr *addr, uint16_t port)
{
	uint64_t hi, lo;
	ipaddr_get_u64(addr, &hi, &lo);
	uint64_t h = (hi ^ (uint64_t)port << 48 ^ port) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32) * UINT64_C(0xbb67ae8584caa73b);
	h = (h ^ h >> 29 ^ lo) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32) * UINT64_C(0xbb67ae8584caa73b);
	h ^= h >> 32;
	return h ? h : 1;
}

static bool table_has(const struct window_table *table, uint64_t key)
{
	if (table->n == 0)
		return false;
	size_t mask = table->n_slots - 1;
	for (size_t i = key & mask; table->slot[i]; i = (i + 1) & mask)
		if (table->slot[i] == key)
			return true;
	return false;
}

static void table_put(struct window_table *table, uint64_t key)
{
	size_t mask = table->n_slots - 1, i = key & mask;
	while (table->slot[i] && table->slot[i] != key)
		i = (i + 1) & mask;
	table->n += table->slot[i] == 0;
	table->slot[i] = key;
}

/* Makes the table larger, as large as cap keys need at most. */
static bool table_grow(struct window_table *table, size_t cap)
{
	size_t most = slots_for(cap),
	       n_slots = table->n_slots ? GROWTH * table->n_slots : MIN_SLOTS;
	struct window_table more = {.n_slots = n_slots < most ? n_slots : most};
	more.slot = alloc_slots(more.n_slots);
	if (!more.slot)
		return false;
	for (size_t i = 0; i < table->n_slots; i++)
		if (table->slot[i])
			table_put(&more, table->slot[i]);
	free(table->slot);
	*table = more;
	return true;
}

bool window_has(const struct window *window, uint64_t key)
{
	return table_has(&window->young, key) || table_has(&window->old, key);
}

bool window_add(struct window *window, uint64_t key)
{
	if (window->young.n >= window->cap)
		window_rotate(window);
	if (2 * (window->young.n + 1) > window->young.n_slots &&
	    !table_grow(&window->young, window->cap))
		return false;
	table_put(&window->young, key);
	return true;
}

bool window_test_and_add(struct window *window, uint64_t key)
{
	struct window_table *young = &window->young;
	if (window->old.n > 0 && table_has(&window->old, key))
		return true;
	if (young->n >= window->cap || 2 * (young->n + 1) > young->n_slots) {
		if (window_has(window, key))
			return true;
		window_add(window, key);
		return false;
	}
	size_t mask = young->n_slots - 1, i = key & mask;
	for (; young->slot[i]; i = (i + 1) & mask)
		if (young->slot[i] == key)
			return true;
	young->slot[i] = key;
	young->n++;
	return false;
}

void window_rotate(struct window *window)
{
	struct window_table table = window->old;
	window->old = window->young;
	if (table.n > 0)
		memset(table.slot, 0, table.n_slots * sizeof(*table.slot));
	table.n = 0;
	window->young = table;
}
