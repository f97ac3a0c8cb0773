/* hop_table: longest-prefix match for the sender. Pure; immutable once built; any thread. Prefixes
 * nest or are disjoint, so n of them cut the address space into at most 2n + 1 ranges of one next
 * hop each. */
#include "net/hop_table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

struct edge {
	uint64_t hi, lo;
};

static int edge_cmp(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return 0;
}

/* The mask of a prefix length as two halves. */
static void mask_from_len(unsigned len, uint64_t *hi, uint64_t *lo)
{
	*hi = len == 0 ? 0 : len >= 64 ? UINT64_MAX : UINT64_MAX << (64 - len);
	*lo = len <= 64 ? 0 : UINT64_MAX << (128 - len);
}

static bool row_covers(const struct hop_row *row, const struct edge *at)
{
	uint64_t mask_hi, mask_lo, hi, lo;
	mask_from_len(row->prefix_len, &mask_hi, &mask_lo);
	ipaddr_get_u64(&row->prefix, &hi, &lo);
	return ((hi ^ at->hi) & mask_hi) == 0 && ((lo ^ at->lo) & mask_lo) == 0;
}

static hop_idx_t match_longest(
    const struct hop_row *rows, size_t n_rows, const struct edge *at, hop_idx_t fallback)
{
	const struct hop_row *best = NULL;
	for (size_t i = 0; i < n_rows; i++) {
		const struct hop_row *row = &rows[i];
		if (!row_covers(row, at))
			continue;
		if (!best || row->prefix_len > best->prefix_len ||
		    (row->prefix_len == best->prefix_len && row->metric < best->metric))
			best = row;
	}
	return best ? best->hop : fallback;
}

/* The first address of the row's prefix, and the one after its last; returns how many of them exist
 * (the prefix that ends the address space has no successor). */
static size_t row_edges(const struct hop_row *row, struct edge out[2])
{
	uint64_t mask_hi, mask_lo, hi, lo;
	mask_from_len(row->prefix_len, &mask_hi, &mask_lo);
	ipaddr_get_u64(&row->prefix, &hi, &lo);
	out[0] = (struct edge){.hi = hi & mask_hi, .lo = lo & mask_lo};
	struct edge last = {.hi = hi | ~mask_hi, .lo = lo | ~mask_lo};
	if (last.hi == UINT64_MAX && last.lo == UINT64_MAX)
		return 1;
	out[1] = (struct edge){.hi = last.hi + (last.lo == UINT64_MAX), .lo = last.lo + 1};
	return 2;
}

void hop_table_build(
    struct hop_table *table, const struct hop_row *rows, size_t n_rows, hop_idx_t fallback)
{
	struct edge edges[2 * HOP_TABLE_MAX_ROWS + 1] = {{0, 0}};
	size_t n_edges = 1;
	assert(n_rows <= HOP_TABLE_MAX_ROWS);
	for (size_t i = 0; i < n_rows; i++)
		n_edges += row_edges(&rows[i], edges + n_edges);
	qsort(edges, n_edges, sizeof(edges[0]), edge_cmp);
	table->n_ranges = 0;
	for (size_t i = 0; i < n_edges; i++) {
		hop_idx_t hop = match_longest(rows, n_rows, &edges[i], fallback);
		/* Equal edges give equal hops, so this drops them too. */
		if (table->n_ranges > 0 && table->ranges[table->n_ranges - 1].hop == hop)
			continue;
		table->ranges[table->n_ranges].hi = edges[i].hi;
		table->ranges[table->n_ranges].lo = edges[i].lo;
		table->ranges[table->n_ranges].hop = hop;
		table->n_ranges++;
	}
}
