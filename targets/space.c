/* space: index to target. Built once by main, read by every sender. Pure memory.
 *
 * Index order: the segments (address range x ports, the ports of an address adjacent), then the packed
 * IPv4 singles x ports, IPv6 singles x ports, IPv4 pairs, IPv6 pairs. A table with about two entries a
 * segment leads from the index to the segment, so that a lookup touches three or four cache lines
 * whatever the number of segments is. */
#include "targets/space.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t reciprocal(uint32_t n)
{
	return n < 2 ? 0 : UINT64_MAX / n + (UINT64_MAX % n == n - 1);
}

/* off / n and the remainder, without dividing. */
static inline uint64_t divide(const struct space_ports *ports, uint64_t off, uint32_t *rest)
{
	if (ports->n == 1) {
		*rest = 0;
		return off;
	}
	uint64_t q = u64_mulhi(off, ports->n_inv);
	uint64_t r = off - q * ports->n;
	bool is_over = r >= ports->n; /* the estimate is at most one too small */
	*rest = (uint32_t)(is_over ? r - ports->n : r);
	return q + is_over;
}

static struct u128 range_size(const struct range *r)
{
	/* ::/0 has the IPv4-mapped hole, so that no single range reaches 2^128 */
	return u128_add_u64(u128_sub(r->hi, r->lo), 1);
}

static int alloc_segs(struct space *space, size_t n_segs, size_t n_ports)
{
	space->n_segs = n_segs;
	space->n_ports = n_ports;
	space->seg_lo = malloc((n_segs + 1) * sizeof(*space->seg_lo));
	if (space->is_wide)
		space->seg_at_wide = malloc((n_segs + 1) * sizeof(*space->seg_at_wide));
	else
		space->seg_at = malloc((n_segs + 1) * sizeof(*space->seg_at));
	if (n_ports > 1)
		space->seg_ports = malloc((n_segs + 1) * sizeof(*space->seg_ports));
	space->ports = calloc(n_ports + 1, sizeof(*space->ports));
	bool is_short = !space->seg_lo || !(space->seg_at || space->seg_at_wide) || !space->ports ||
			(n_ports > 1 && !space->seg_ports);
	return is_short ? -ENOMEM : 0;
}

static void put_seg(struct space *space, size_t i, struct u128 *at, const struct range *r, size_t g)
{
	space->seg_lo[i] = r->lo;
	if (space->is_wide)
		space->seg_at_wide[i] = *at;
	else
		space->seg_at[i] = at->lo;
	if (space->seg_ports)
		space->seg_ports[i] = (uint16_t)g;
	*at = u128_add_sat(*at, u128_mul_u32_sat(range_size(r), space->ports[g].n));
}

/* Ends the segment arrays at index at, and makes the table. */
static int finish_segs(struct space *space, struct u128 at)
{
	if (space->is_wide) {
		space->seg_at_wide[space->n_segs] = at;
		return 0;
	}
	space->seg_at[space->n_segs] = at.lo;
	size_t n_buckets = 1;
	space->bucket_shift = 0;
	while ((at.lo - (at.lo > 0)) >> space->bucket_shift >= 2 * space->n_segs + 64)
		space->bucket_shift++;
	n_buckets = (size_t)((at.lo - (at.lo > 0)) >> space->bucket_shift) + 1;
	space->bucket = malloc((n_buckets + 1) * sizeof(*space->bucket));
	if (!space->bucket)
		return -ENOMEM;
	size_t seg = 0;
	for (size_t b = 0; b < n_buckets; b++) {
		uint64_t index = (uint64_t)b << space->bucket_shift;
		while (seg + 1 < space->n_segs && space->seg_at[seg + 1] <= index)
			seg++;
		space->bucket[b] = (uint32_t)seg;
	}
	space->bucket[n_buckets] = (uint32_t)(space->n_segs ? space->n_segs - 1 : 0);
	return 0;
}

static int copy_ports(struct space_ports *out, const struct port_set *ports)
{
	out->n = ports->n;
	out->n_inv = reciprocal(ports->n);
	out->list = malloc((ports->n + 1) * sizeof(*out->list));
	if (!out->list)
		return -ENOMEM;
	memcpy(out->list, ports->list, ports->n * sizeof(*out->list));
	return 0;
}

/* How many targets sets has; U128_MAX when that is more than 2^128 - 1. */
static struct u128 count_targets(const struct sets *sets, struct u128 *n_addresses)
{
	struct u128 n = {0, 0};
	size_t n_singles = sets->single4.n + sets->single6.n;
	size_t n_pairs = sets->pair4.n + sets->pair6.n;
	*n_addresses = u128_from_u64(n_singles + n_pairs);
	for (size_t g = 0; g < sets->n_groups; g++) {
		struct u128 size = prefix_set_count(&sets->group[g].ranges);
		*n_addresses = u128_add_sat(*n_addresses, size);
		if (sets->group[g].ports)
			n = u128_add_sat(n, u128_mul_u32_sat(size, sets->group[g].ports->n));
	}
	if (sets->n_groups > 0 && sets->group[0].ports)
		n = u128_add_sat(
		    n, u128_mul_u32_sat(u128_from_u64(n_singles), sets->group[0].ports->n));
	return u128_add_sat(n, u128_from_u64(n_pairs));
}

static void take_keys(struct keys *to, struct keys *from)
{
	*to = *from;
	keys_init(from, from->width);
}

int space_init(struct space *space, struct sets *sets)
{
	memset(space, 0, sizeof(*space));
	space->n = count_targets(sets, &space->n_addresses);
	space->is_wide = space->n.hi != 0;
	size_t n_segs = 0, i = 0;
	for (size_t g = 0; g < sets->n_groups; g++)
		n_segs += prefix_set_n(&sets->group[g].ranges);
	int err = alloc_segs(space, n_segs, sets->n_groups);
	struct u128 at = {0, 0};
	for (size_t g = 0; g < sets->n_groups && !err; g++) {
		size_t n_ranges = prefix_set_n(&sets->group[g].ranges);
		if (sets->group[g].ports)
			err = copy_ports(&space->ports[g], sets->group[g].ports);
		for (size_t k = 0; k < n_ranges && !err; k++) {
			struct range r = prefix_set_get(&sets->group[g].ranges, k);
			put_seg(space, i++, &at, &r, g);
		}
		prefix_set_fini(&sets->group[g].ranges);
	}
	if (!err)
		err = finish_segs(space, at);
	take_keys(&space->single4, &sets->single4);
	take_keys(&space->single6, &sets->single6);
	take_keys(&space->pair4, &sets->pair4);
	take_keys(&space->pair6, &sets->pair6);
	uint64_t n_ports = sets->n_groups > 0 && !err ? space->ports[0].n : 0;
	space->part_at[0] = 0;
	space->part_at[1] = at.lo;
	space->part_at[2] = space->part_at[1] + space->single4.n * n_ports;
	space->part_at[3] = space->part_at[2] + space->single6.n * n_ports;
	space->part_at[4] = space->part_at[3] + space->pair4.n;
	space->part_at[5] = space->part_at[4] + space->pair6.n;
	sets_fini(sets);
	return err;
}

int space_init_ordered(struct space *space, const struct space_seg *segs, size_t n,
    struct port_set *const *lists, size_t n_lists)
{
	memset(space, 0, sizeof(*space));
	keys_init(&space->single4, 4);
	keys_init(&space->single6, 16);
	keys_init(&space->pair4, 6);
	keys_init(&space->pair6, 18);
	for (size_t i = 0; i < n; i++) {
		struct u128 size = range_size(&segs[i].range);
		space->n_addresses = u128_add_sat(space->n_addresses, size);
		space->n = u128_add_sat(space->n, u128_mul_u32_sat(size, lists[segs[i].ports]->n));
	}
	space->is_wide = space->n.hi != 0;
	int err = alloc_segs(space, n, n_lists);
	for (size_t g = 0; g < n_lists && !err; g++)
		err = copy_ports(&space->ports[g], lists[g]);
	struct u128 at = {0, 0};
	for (size_t i = 0; i < n && !err; i++)
		put_seg(space, i, &at, &segs[i].range, segs[i].ports);
	if (!err)
		err = finish_segs(space, at);
	for (size_t part = 1; part <= SPACE_N_PARTS; part++)
		space->part_at[part] = at.lo;
	return err;
}

void space_fini(struct space *space)
{
	for (size_t g = 0; space->ports && g < space->n_ports; g++)
		free(space->ports[g].list);
	free(space->ports);
	free(space->seg_lo);
	free(space->seg_at);
	free(space->seg_at_wide);
	free(space->seg_ports);
	free(space->bucket);
	keys_fini(&space->single4);
	keys_fini(&space->single6);
	keys_fini(&space->pair4);
	keys_fini(&space->pair6);
}

static const struct ipaddr v4_zero = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};

static inline void get_seg(const struct space *space, uint64_t index, struct target *out)
{
	uint64_t b = index >> space->bucket_shift;
	size_t lo = space->bucket[b], hi = space->bucket[b + 1];
	while (lo < hi) { /* the last segment that begins at or before index */
		size_t mid = hi - (hi - lo) / 2;
		if (space->seg_at[mid] <= index)
			lo = mid;
		else
			hi = mid - 1;
	}
	const struct space_ports *ports =
	    space->seg_ports ? &space->ports[space->seg_ports[lo]] : space->ports;
	uint32_t rest;
	uint64_t off = divide(ports, index - space->seg_at[lo], &rest);
	out->addr = u128_to_addr(u128_add_u64(space->seg_lo[lo], off));
	out->port = ports->list[rest];
}

/* The packed parts: index counts from the beginning of the part. */
static void get_packed(const struct space *space, unsigned part, uint64_t index, struct target *out)
{
	const struct keys *keys = part == 1   ? &space->single4
				  : part == 2 ? &space->single6
				  : part == 3 ? &space->pair4
					      : &space->pair6;
	uint32_t rest = 0;
	uint64_t i = part <= 2 ? divide(space->ports, index, &rest) : index;
	const uint8_t *p = keys_at(keys, (size_t)i);
	if (keys->width < 16) {
		out->addr = v4_zero;
		memcpy(out->addr.b + 12, p, 4);
	} else {
		memcpy(out->addr.b, p, 16);
	}
	if (part <= 2)
		out->port = space->ports->list[rest];
	else
		out->port = (uint16_t)(p[keys->width - 2] << 8 | p[keys->width - 1]);
}

void space_get(const struct space *space, uint64_t index, struct target *out)
{
	if (__builtin_expect(index < space->part_at[1], 1)) {
		get_seg(space, index, out);
		return;
	}
	unsigned part = 1;
	while (index >= space->part_at[part + 1])
		part++;
	get_packed(space, part, index - space->part_at[part], out);
}

void space_prefetch(const struct space *space, uint64_t index)
{
	if (index < space->part_at[1])
		__builtin_prefetch(&space->bucket[index >> space->bucket_shift]);
	else if (index >= space->part_at[4])
		__builtin_prefetch(space->pair6.p + (index - space->part_at[4]) * 18);
	else if (index >= space->part_at[3])
		__builtin_prefetch(space->pair4.p + (index - space->part_at[3]) * 6);
}

void space_get_wide(const struct space *space, struct u128 index, struct target *out)
{
	if (!space->is_wide) {
		space_get(space, index.lo, out);
		return;
	}
	struct u128 end = space->seg_at_wide[space->n_segs];
	if (!u128_lt(index, end)) {
		/* Packed parts number from part_at[1], which is the low half of end. */
		uint64_t rest = u128_sub(index, end).lo;
		unsigned part = 1;
		while (rest >= space->part_at[part + 1] - space->part_at[1])
			part++;
		get_packed(space, part, rest - (space->part_at[part] - space->part_at[1]), out);
		return;
	}
	size_t lo = 0, hi = space->n_segs - 1;
	while (lo < hi) {
		size_t mid = hi - (hi - lo) / 2;
		if (u128_le(space->seg_at_wide[mid], index))
			lo = mid;
		else
			hi = mid - 1;
	}
	const struct space_ports *ports =
	    space->seg_ports ? &space->ports[space->seg_ports[lo]] : space->ports;
	uint32_t rest;
	struct u128 off = u128_div_u32(u128_sub(index, space->seg_at_wide[lo]), ports->n, &rest);
	out->addr = u128_to_addr(u128_add(space->seg_lo[lo], off));
	out->port = ports->list[rest];
}

bool space_first(const struct space *space, bool is_v4, struct target *out)
{
	for (size_t i = 0; i < space->n_segs; i++) {
		if (u128_is_v4(space->seg_lo[i]) != is_v4)
			continue;
		out->addr = u128_to_addr(space->seg_lo[i]);
		out->port = space->ports[space->seg_ports ? space->seg_ports[i] : 0].list[0];
		return true;
	}
	if ((is_v4 ? space->single4.n : space->single6.n) > 0) {
		get_packed(space, is_v4 ? 1 : 2, 0, out);
		return true;
	}
	if ((is_v4 ? space->pair4.n : space->pair6.n) > 0) {
		get_packed(space, is_v4 ? 3 : 4, 0, out);
		return true;
	}
	return false;
}

/* Numbers are hashed in little-endian bytes, so that every machine finds the same digest. */
static void digest_u64(struct hash_digest_state *state, uint64_t v)
{
	v = htole64(v);
	hash_digest_update(state, &v, sizeof(v));
}

void space_digest(const struct space *space, struct hash_digest_state *state)
{
	digest_u64(state, space->n.hi);
	digest_u64(state, space->n.lo);
	digest_u64(state, space->n_segs);
	for (size_t i = 0; i < space->n_segs; i++) {
		struct u128 at =
		    space->is_wide ? space->seg_at_wide[i] : u128_from_u64(space->seg_at[i]);
		uint64_t v[5] = {htole64(space->seg_lo[i].hi), htole64(space->seg_lo[i].lo),
		    htole64(at.hi), htole64(at.lo),
		    htole64(space->seg_ports ? space->seg_ports[i] : 0)};
		hash_digest_update(state, v, sizeof(v));
	}
	for (size_t g = 0; g < space->n_ports; g++) {
		digest_u64(state, space->ports[g].n);
		for (uint32_t i = 0; i < space->ports[g].n; i++) {
			uint8_t port[2] = {(uint8_t)(space->ports[g].list[i] >> 8),
			    (uint8_t)space->ports[g].list[i]};
			hash_digest_update(state, port, sizeof(port));
		}
	}
	const struct keys *packed[] = {
	    &space->single4, &space->single6, &space->pair4, &space->pair6};
	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		digest_u64(state, packed[i]->n);
		if (packed[i]->n > 0)
			hash_digest_update(state, packed[i]->p, packed[i]->n * packed[i]->width);
	}
}
