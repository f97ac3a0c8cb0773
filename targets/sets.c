/* sets: collects items and makes them disjoint. Pure memory; main thread, while the scan is built.
 * Refuses more than 64 different port lists on prefixes, because each elementary range then carries a
 * set of lists as one 64-bit mask. */
#include "targets/sets.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void sets_init(struct sets *sets, struct port_set *ports)
{
	memset(sets, 0, sizeof(*sets));
	sets->group[0].ports = ports;
	prefix_set_init(&sets->group[0].ranges);
	sets->n_groups = 1;
	keys_init(&sets->single4, 4);
	keys_init(&sets->single6, 16);
	keys_init(&sets->pair4, 6);
	keys_init(&sets->pair6, 18);
}

void sets_fini(struct sets *sets)
{
	for (size_t g = 0; g < sets->n_groups; g++) {
		port_set_destroy(sets->group[g].ports);
		prefix_set_fini(&sets->group[g].ranges);
	}
	sets->n_groups = 0;
	keys_fini(&sets->single4);
	keys_fini(&sets->single6);
	keys_fini(&sets->pair4);
	keys_fini(&sets->pair6);
}

static int no_memory(struct diag *diag)
{
	return diag_set(diag, -ENOMEM, "no memory for this many targets");
}

/* Appends the address (4 or 16 bytes) and the bytes after it. */
static int push_key(struct keys *keys, const struct ipaddr *addr, uint16_t port)
{
	uint8_t *p = keys_push(keys);
	if (!p)
		return -ENOMEM;
	unsigned skip = keys->width < 16 ? 12 : 0;
	memcpy(p, addr->b + skip, 16 - skip);
	if (keys->width == 6 || keys->width == 18) {
		p[16 - skip] = (uint8_t)(port >> 8);
		p[17 - skip] = (uint8_t)port;
	}
	return 0;
}

/* The group whose list has the same ports; takes ports. */
static int find_group(struct sets *sets, struct port_set *ports, struct diag *diag, size_t *out)
{
	for (size_t g = 0; g < sets->n_groups; g++) {
		if (!sets->group[g].ports ||
		    memcmp(sets->group[g].ports->has, ports->has, sizeof(ports->has)) != 0)
			continue;
		port_set_destroy(ports);
		*out = g;
		return 0;
	}
	if (sets->n_groups == SETS_MAX_GROUPS) {
		port_set_destroy(ports);
		return diag_set(diag, -E2BIG,
		    "more than %d different port lists on prefixes: scan them in several runs",
		    SETS_MAX_GROUPS);
	}
	*out = sets->n_groups;
	struct port_group *group = &sets->group[sets->n_groups++];
	group->ports = ports;
	prefix_set_init(&group->ranges);
	return 0;
}

static int group_of_item(struct sets *sets, const struct item *item, struct diag *diag, size_t *out)
{
	*out = 0;
	if (!item->ports && !item->port) {
		if (sets->group[0].ports)
			return 0;
		return diag_set(diag, -EINVAL, "no port is named: write ADDRESS:PORT or give -p");
	}
	struct port_set *ports;
	char one[8];
	size_t len = item->ports_len;
	if (!item->ports) {
		one[0] = (char)('0' + item->port / 10000);
		one[1] = (char)('0' + item->port / 1000 % 10);
		one[2] = (char)('0' + item->port / 100 % 10);
		one[3] = (char)('0' + item->port / 10 % 10);
		one[4] = (char)('0' + item->port % 10);
		len = 5;
	}
	int err = port_set_parse(item->ports ? item->ports : one, len, diag, &ports);
	return err ? err : find_group(sets, ports, diag, out);
}

int sets_add(struct sets *sets, const struct item *item, struct diag *diag)
{
	bool is_single = u128_eq(item->range.lo, item->range.hi);
	if (is_single && !item->ports && (item->port || sets->group[0].ports)) {
		struct ipaddr addr = u128_to_addr(item->range.lo);
		bool is_v4 = ipaddr_is_v4(&addr);
		struct keys *keys = item->port ? (is_v4 ? &sets->pair4 : &sets->pair6)
					       : (is_v4 ? &sets->single4 : &sets->single6);
		return push_key(keys, &addr, item->port) ? no_memory(diag) : 0;
	}
	size_t g;
	int err = group_of_item(sets, item, diag, &g);
	if (err)
		return err;
	return prefix_set_add(&sets->group[g].ranges, item->range) ? no_memory(diag) : 0;
}

static struct u128 key_address(const struct keys *keys, size_t i)
{
	struct ipaddr addr;
	const uint8_t *p = keys_at(keys, i);
	if (keys->width >= 16)
		memcpy(addr.b, p, 16);
	else
		addr = ipaddr_from_v4(
		    (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
	return u128_from_addr(&addr);
}

/* Sorted keys against sorted ranges: both are walked once. */
struct walk {
	const struct prefix_set *set;
	size_t i, end;
};

static struct walk walk_make(const struct prefix_set *set, const struct keys *keys)
{
	bool is_v4 = keys->width < 16;
	return (struct walk){set, is_v4 ? 0 : set->v4.n, is_v4 ? set->v4.n : prefix_set_n(set)};
}

static bool walk_contains(struct walk *walk, struct u128 addr)
{
	while (walk->i < walk->end) {
		struct range r = prefix_set_get(walk->set, walk->i);
		if (u128_le(addr, r.hi))
			return u128_le(r.lo, addr);
		walk->i++;
	}
	return false;
}

/* Drops single addresses that are excluded or in a range of group 0. */
static void clean_singles(
    struct keys *keys, const struct prefix_set *excluded, const struct prefix_set *ranges)
{
	keys_sort(keys);
	keys_dedup(keys);
	struct walk holes = walk_make(excluded, keys), covered = walk_make(ranges, keys);
	size_t n = 0;
	for (size_t i = 0; i < keys->n; i++) {
		struct u128 addr = key_address(keys, i);
		if (walk_contains(&holes, addr) || walk_contains(&covered, addr))
			continue;
		memmove(keys->p + n++ * keys->width, keys_at(keys, i), keys->width);
	}
	keys->n = n;
	keys_trim(keys);
}

/* Drops pairs that are excluded, in a range whose list has the port, or a single address whose ports
 * have it. */
static void clean_pairs(
    struct keys *keys, const struct sets *sets, const struct prefix_set *excluded)
{
	keys_sort(keys);
	keys_dedup(keys);
	const struct keys *singles = keys->width < 16 ? &sets->single4 : &sets->single6;
	struct walk holes = walk_make(excluded, keys), covered[SETS_MAX_GROUPS];
	for (size_t g = 0; g < sets->n_groups; g++)
		covered[g] = walk_make(&sets->group[g].ranges, keys);
	size_t n = 0, s = 0;
	for (size_t i = 0; i < keys->n; i++) {
		const uint8_t *p = keys_at(keys, i);
		struct u128 addr = key_address(keys, i);
		uint16_t port = (uint16_t)(p[keys->width - 2] << 8 | p[keys->width - 1]);
		bool is_gone = walk_contains(&holes, addr);
		for (size_t g = 0; g < sets->n_groups && !is_gone; g++)
			is_gone = walk_contains(&covered[g], addr) &&
				  port_set_has(sets->group[g].ports, port);
		while (s < singles->n && memcmp(keys_at(singles, s), p, singles->width) < 0)
			s++;
		if (!is_gone && s < singles->n &&
		    memcmp(keys_at(singles, s), p, singles->width) == 0)
			is_gone = port_set_has(sets->group[0].ports, port);
		if (!is_gone)
			memmove(keys->p + n++ * keys->width, p, keys->width);
	}
	keys->n = n;
	keys_trim(keys);
}

static int singles_to_ranges(struct sets *sets, struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		struct u128 addr = key_address(keys, i);
		if (prefix_set_add(&sets->group[0].ranges, (struct range){addr, addr}))
			return -ENOMEM;
	}
	keys_fini(keys);
	return 0;
}

static int subtract_excluded(struct prefix_set *set, const struct prefix_set *excluded)
{
	struct prefix_set left;
	prefix_set_init(&left);
	if (prefix_set_n(excluded) == 0)
		return 0;
	int err = prefix_set_subtract(set, excluded, &left);
	prefix_set_fini(set);
	*set = left;
	return err;
}

/* ---- Overlaps between groups: split into elementary ranges, one union of port lists each ---------- */

/* Where a range of a group begins (is_open) or ended before. */
struct edge {
	struct u128 at;
	uint8_t group;
	bool is_open;
	bool is_past_end; /* at is 2^128, which does not fit */
};

static int compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	if (x->is_past_end != y->is_past_end)
		return x->is_past_end ? 1 : -1;
	return u128_lt(x->at, y->at) ? -1 : u128_lt(y->at, x->at);
}

static struct edge *collect_edges(const struct sets *sets, size_t *n_out)
{
	size_t n = 0, k = 0;
	for (size_t g = 0; g < sets->n_groups; g++)
		n += 2 * prefix_set_n(&sets->group[g].ranges);
	struct edge *edges = malloc((n ? n : 1) * sizeof(*edges));
	for (size_t g = 0; edges && g < sets->n_groups; g++) {
		size_t n_ranges = prefix_set_n(&sets->group[g].ranges);
		for (size_t i = 0; i < n_ranges; i++) {
			struct range r = prefix_set_get(&sets->group[g].ranges, i);
			edges[k++] = (struct edge){r.lo, (uint8_t)g, true, false};
			struct u128 after = u128_add_u64(r.hi, 1);
			edges[k++] =
			    (struct edge){after, (uint8_t)g, false, after.hi == 0 && after.lo == 0};
		}
	}
	if (edges)
		qsort(edges, n, sizeof(*edges), compare_edges);
	*n_out = n;
	return edges;
}

/* The groups that come out: one for each set of port lists that meets somewhere. */
struct split {
	const struct sets *sets;
	struct port_group group[SETS_MAX_GROUPS];
	uint64_t mask[SETS_MAX_GROUPS];
	size_t n;
};

static int add_split(struct split *split, uint64_t mask, struct range range, struct diag *diag)
{
	size_t g = 0;
	while (g < split->n && split->mask[g] != mask)
		g++;
	if (g == split->n) {
		if (g == SETS_MAX_GROUPS)
			return diag_set(diag, -E2BIG,
			    "port lists on overlapping prefixes combine in more than %d ways: scan them "
			    "in several runs",
			    SETS_MAX_GROUPS);
		const struct port_set *lists[SETS_MAX_GROUPS];
		size_t n_lists = 0;
		for (size_t i = 0; i < split->sets->n_groups; i++)
			if (mask >> i & 1)
				lists[n_lists++] = split->sets->group[i].ports;
		prefix_set_init(&split->group[g].ranges);
		if (port_set_union(lists, n_lists, &split->group[g].ports))
			return no_memory(diag);
		split->mask[g] = mask;
		split->n++;
	}
	return prefix_set_add(&split->group[g].ranges, range) ? no_memory(diag) : 0;
}

static int split_groups(struct sets *sets, struct diag *diag)
{
	size_t n;
	struct edge *edges = collect_edges(sets, &n);
	struct split *split = calloc(1, sizeof(*split));
	int err = edges && split ? 0 : no_memory(diag);
	uint64_t mask = 0;
	for (size_t i = 0; i < n && !err; i++) {
		uint64_t bit = UINT64_C(1) << edges[i].group;
		mask = edges[i].is_open ? mask | bit : mask & ~bit;
		bool is_last_here = i + 1 < n && compare_edges(&edges[i], &edges[i + 1]) != 0;
		split->sets = sets;
		if (mask && is_last_here)
			err = add_split(split, mask,
			    (struct range){edges[i].at, u128_sub_u64(edges[i + 1].at, 1)}, diag);
	}
	free(edges);
	for (size_t g = 0; split && g < split->n && err; g++) {
		port_set_destroy(split->group[g].ports);
		prefix_set_fini(&split->group[g].ranges);
	}
	if (!err) {
		/* Group 0 keeps the list of -p even when nothing is left of it. */
		for (size_t g = 0; g < sets->n_groups; g++) {
			port_set_destroy(sets->group[g].ports);
			prefix_set_fini(&sets->group[g].ranges);
		}
		memcpy(sets->group, split->group, sizeof(sets->group));
		sets->n_groups = split->n;
		for (size_t g = 0; g < sets->n_groups; g++)
			prefix_set_normalize(&sets->group[g].ranges);
	}
	free(split);
	return err;
}

int sets_finish(struct sets *sets, const struct prefix_set *excluded, struct diag *diag)
{
	int err = 0;
	if (sets->n_groups > 1) {
		err = singles_to_ranges(sets, &sets->single4);
		if (!err)
			err = singles_to_ranges(sets, &sets->single6);
		if (err)
			return no_memory(diag);
	}
	for (size_t g = 0; g < sets->n_groups; g++) {
		prefix_set_normalize(&sets->group[g].ranges);
		if (subtract_excluded(&sets->group[g].ranges, excluded))
			return no_memory(diag);
		if (sets->group[g].ports)
			port_set_sort(sets->group[g].ports);
	}
	if (sets->n_groups > 1)
		err = split_groups(sets, diag);
	if (err)
		return err;
	const struct prefix_set empty = {.v4 = {.width = 8}, .v6 = {.width = 32}};
	const struct prefix_set *ranges = sets->n_groups > 0 ? &sets->group[0].ranges : &empty;
	clean_singles(&sets->single4, excluded, ranges);
	clean_singles(&sets->single6, excluded, ranges);
	clean_pairs(&sets->pair4, sets, excluded);
	clean_pairs(&sets->pair6, sets, excluded);
	return 0;
}
