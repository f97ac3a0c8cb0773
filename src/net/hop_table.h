#ifndef NET_HOP_TABLE_H
#define NET_HOP_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* Which next hop a destination takes: longest-prefix match over a few prefixes, flattened into
 * disjoint ranges so that a packet costs one binary search. Pure; immutable after hop_table_build;
 * any thread. */

enum { HOP_TABLE_MAX_ROWS = 256 };

/* Next hops are small numbers that mean something to the caller. */
typedef uint16_t hop_idx_t;

struct hop_row {
	struct ipaddr prefix; /* bits past prefix_len are ignored */
	uint8_t prefix_len;   /* of 128: IPv4 lengths plus 96 */
	hop_idx_t hop;
	uint32_t metric; /* of equal prefixes the lowest wins, then the earlier row */
};

struct hop_table {
	size_t n_ranges; /* at least 1: the first starts at :: */
	struct {
		uint64_t hi, lo; /* first address of the range, host order */
		hop_idx_t hop;
	} ranges[2 * HOP_TABLE_MAX_ROWS + 1];
};

/* Builds the table.
 *   rows       n_rows <= HOP_TABLE_MAX_ROWS, any order, not kept
 *   fallback   hop of destinations that no row covers
 * Cannot fail. Cost: n_rows squared, at start. */
void hop_table_build(
    struct hop_table *table, const struct hop_row *rows, size_t n_rows, hop_idx_t fallback);

/* The hop of dst. O(log n). */
static inline hop_idx_t hop_table_find(const struct hop_table *table, const struct ipaddr *dst)
{
	uint64_t hi, lo;
	size_t first = 0, n = table->n_ranges;
	ipaddr_get_u64(dst, &hi, &lo);
	while (n > 1) {
		size_t half = n / 2;
		size_t mid = first + half;
		if (table->ranges[mid].hi < hi ||
		    (table->ranges[mid].hi == hi && table->ranges[mid].lo <= lo)) {
			first = mid;
			n -= half;
		} else {
			n = half;
		}
	}
	return table->ranges[first].hop;
}

#endif
