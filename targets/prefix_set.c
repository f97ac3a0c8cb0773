/* prefix_set: sets of addresses as sorted disjoint ranges. Pure; readers may share a normalized set.
 * IPv4 is kept apart from IPv6 so that it costs 8 bytes a range and can have a /16 index. */
#include "targets/prefix_set.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define V4_MAPPED_LO UINT64_C(0xffff00000000)
#define V4_MAPPED_HI UINT64_C(0xffffffffffff)

void prefix_set_init(struct prefix_set *set)
{
	keys_init(&set->v4, 8);
	keys_init(&set->v6, 32);
	set->v4_index = NULL;
}

void prefix_set_fini(struct prefix_set *set)
{
	keys_fini(&set->v4);
	keys_fini(&set->v6);
	free(set->v4_index);
	set->v4_index = NULL;
}

static void put_u128(uint8_t *p, struct u128 v)
{
	uint64_t half[2] = {htobe64(v.hi), htobe64(v.lo)};
	memcpy(p, half, sizeof(half));
}

static struct u128 read_u128(const uint8_t *p)
{
	uint64_t half[2];
	memcpy(half, p, sizeof(half));
	return (struct u128){be64toh(half[0]), be64toh(half[1])};
}

static uint32_t read_u32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static struct range get_v4(const struct prefix_set *set, size_t i)
{
	const uint8_t *p = keys_at(&set->v4, i);
	return (struct range){{0, V4_MAPPED_LO | read_u32(p)}, {0, V4_MAPPED_LO | read_u32(p + 4)}};
}

static struct range get_v6(const struct prefix_set *set, size_t i)
{
	const uint8_t *p = keys_at(&set->v6, i);
	return (struct range){read_u128(p), read_u128(p + 16)};
}

static void put_range(struct keys *keys, uint8_t *p, struct range range)
{
	if (keys->width == 8) {
		uint32_t v[2] = {htobe32((uint32_t)range.lo.lo), htobe32((uint32_t)range.hi.lo)};
		memcpy(p, v, sizeof(v));
	} else {
		put_u128(p, range.lo);
		put_u128(p + 16, range.hi);
	}
}

static int push_range(struct keys *keys, struct range range)
{
	uint8_t *p = keys_push(keys);
	if (!p)
		return -ENOMEM;
	put_range(keys, p, range);
	return 0;
}

int prefix_set_add(struct prefix_set *set, struct range range)
{
	if (u128_is_v4(range.lo) && u128_is_v4(range.hi))
		return push_range(&set->v4, range);
	struct u128 mapped_lo = {0, V4_MAPPED_LO}, mapped_hi = {0, V4_MAPPED_HI};
	int err = 0;
	if (u128_lt(mapped_hi, range.lo) || u128_lt(range.hi, mapped_lo))
		return push_range(&set->v6, range);
	if (u128_lt(range.lo, mapped_lo))
		err = push_range(&set->v6, (struct range){range.lo, u128_sub_u64(mapped_lo, 1)});
	if (!err && u128_lt(mapped_hi, range.hi))
		err = push_range(&set->v6, (struct range){u128_add_u64(mapped_hi, 1), range.hi});
	return err;
}

static struct range get_of(const struct prefix_set *set, const struct keys *keys, size_t i)
{
	return keys == &set->v4 ? get_v4(set, i) : get_v6(set, i);
}

static void merge(struct prefix_set *set, struct keys *keys)
{
	keys_sort(keys);
	size_t n = 0;
	struct range last = {{0, 0}, {0, 0}};
	for (size_t i = 0; i < keys->n; i++) {
		struct range r = get_of(set, keys, i);
		/* last.hi + 1 cannot wrap: nothing sorts after a range that ends at 2^128 - 1. */
		if (n > 0 && (u128_le(r.lo, last.hi) || u128_eq(r.lo, u128_add_u64(last.hi, 1)))) {
			if (u128_lt(last.hi, r.hi))
				last.hi = r.hi;
		} else {
			n++;
			last = r;
		}
		put_range(keys, keys->p + (n - 1) * keys->width, last);
	}
	keys->n = n;
	keys_trim(keys);
}

void prefix_set_normalize(struct prefix_set *set)
{
	free(set->v4_index);
	set->v4_index = NULL;
	merge(set, &set->v4);
	merge(set, &set->v6);
}

int prefix_set_index(struct prefix_set *set)
{
	uint32_t *index = malloc(65537 * sizeof(*index));
	if (!index)
		return -ENOMEM;
	size_t i = 0;
	for (uint32_t block = 0; block < 65536; block++) {
		while (i < set->v4.n && read_u32(keys_at(&set->v4, i) + 4) >> 16 < block)
			i++;
		index[block] = (uint32_t)i;
	}
	index[65536] = (uint32_t)set->v4.n;
	free(set->v4_index);
	set->v4_index = index;
	return 0;
}

size_t prefix_set_n(const struct prefix_set *set)
{
	return set->v4.n + set->v6.n;
}

struct range prefix_set_get(const struct prefix_set *set, size_t i)
{
	return i < set->v4.n ? get_v4(set, i) : get_v6(set, i - set->v4.n);
}

struct u128 prefix_set_count(const struct prefix_set *set)
{
	struct u128 sum = {0, 0};
	size_t n = prefix_set_n(set);
	for (size_t i = 0; i < n; i++) {
		struct range r = prefix_set_get(set, i);
		sum = u128_add_sat(sum, u128_sub(r.hi, r.lo));
		sum = u128_add_sat(sum, u128_from_u64(1));
	}
	return sum;
}

/* The first IPv4 range with an end >= addr; n when there is none. */
static size_t find_v4(const struct prefix_set *set, uint32_t addr)
{
	size_t lo = 0, hi = set->v4.n;
	if (set->v4_index) {
		/* It ends in this /16 or, when no range does, is the first of a later one. */
		lo = set->v4_index[addr >> 16];
		hi = set->v4_index[(addr >> 16) + 1];
	}
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (read_u32(keys_at(&set->v4, mid) + 4) < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t find_v6(const struct prefix_set *set, struct u128 addr)
{
	size_t lo = 0, hi = set->v6.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (u128_lt(read_u128(keys_at(&set->v6, mid) + 16), addr))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t prefix_set_find(const struct prefix_set *set, struct u128 addr)
{
	return u128_is_v4(addr) ? find_v4(set, (uint32_t)addr.lo) : set->v4.n + find_v6(set, addr);
}

bool prefix_set_contains(const struct prefix_set *set, struct u128 addr)
{
	if (u128_is_v4(addr)) {
		size_t i = find_v4(set, (uint32_t)addr.lo);
		return i < set->v4.n && read_u32(keys_at(&set->v4, i)) <= (uint32_t)addr.lo;
	}
	size_t i = find_v6(set, addr);
	return i < set->v6.n && u128_le(read_u128(keys_at(&set->v6, i)), addr);
}

/* a's ranges minus b's, one family. */
static int subtract(const struct prefix_set *a, const struct keys *a_keys,
    const struct prefix_set *b, const struct keys *b_keys, struct keys *out)
{
	size_t j = 0;
	int err = 0;
	for (size_t i = 0; i < a_keys->n && !err; i++) {
		struct range r = get_of(a, a_keys, i);
		bool is_left = true; /* something of r is left */
		while (j < b_keys->n && u128_lt(get_of(b, b_keys, j).hi, r.lo))
			j++;
		for (size_t k = j; k < b_keys->n && is_left && !err; k++) {
			struct range hole = get_of(b, b_keys, k);
			if (u128_lt(r.hi, hole.lo))
				break;
			if (u128_lt(r.lo, hole.lo))
				err =
				    push_range(out, (struct range){r.lo, u128_sub_u64(hole.lo, 1)});
			if (u128_le(r.hi, hole.hi))
				is_left = false;
			else
				r.lo = u128_add_u64(hole.hi, 1);
			j = k; /* the next range of a may begin in this hole, not before it */
		}
		if (is_left && !err)
			err = push_range(out, r);
	}
	keys_trim(out);
	return err;
}

int prefix_set_subtract(
    const struct prefix_set *a, const struct prefix_set *b, struct prefix_set *out)
{
	int err = subtract(a, &a->v4, b, &b->v4, &out->v4);
	return err ? err : subtract(a, &a->v6, b, &b->v6, &out->v6);
}
