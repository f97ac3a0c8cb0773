#ifndef TARGETS_PREFIX_SET_H
#define TARGETS_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/u128.h"
#include "targets/keys.h"

/* A set of addresses as ranges of numbers (u128; IPv4 mapped). IPv4 ranges cost 8 bytes, IPv6
 * ranges 32. Fill with add, then normalize once; the other functions need a normalized set, whose
 * ranges are sorted, disjoint and not adjacent. One owner while it changes; any number of threads
 * may read a normalized set. */
struct prefix_set {
	struct keys v4;
	struct keys v6;
	uint32_t
	    *v4_index; /* first range whose end is in or after each /16; 65,537 entries or NULL */
};

struct range {
	struct u128 lo;
	struct u128 hi; /* inclusive */
};

void prefix_set_init(struct prefix_set *set);
void prefix_set_fini(struct prefix_set *set);

/* Adds range (lo <= hi). The IPv4-mapped space inside a wider IPv6 range is left out: addresses
 * there are written as IPv4. Returns 0 or -ENOMEM. Amortized O(1). */
int prefix_set_add(struct prefix_set *set, struct range range) __attribute__((warn_unused_result));

/* Sorts and merges. O(n). */
void prefix_set_normalize(struct prefix_set *set);

/* Makes contains fast for IPv4: 256 KiB. Returns 0 or -ENOMEM (contains then works, slower). */
int prefix_set_index(struct prefix_set *set) __attribute__((warn_unused_result));

/* Number of ranges, and range i of them: all of IPv4, then all of IPv6. */
size_t prefix_set_n(const struct prefix_set *set);
struct range prefix_set_get(const struct prefix_set *set, size_t i);

/* Number of addresses; U128_MAX when it is 2^128 or more. O(n). */
struct u128 prefix_set_count(const struct prefix_set *set);

/* Is addr inside? O(log n); IPv4 with an index nearly O(1). */
bool prefix_set_contains(const struct prefix_set *set, struct u128 addr);

/* The first range of addr's family that ends at addr or after it, as an index for prefix_set_get(); the
 * index one past the family when there is none. O(log n). */
size_t prefix_set_find(const struct prefix_set *set, struct u128 addr);

/* Writes a minus b to *out (initialized and empty; normalized after). Returns 0 or -ENOMEM, then
 * *out is partly filled. O(n + m). */
int prefix_set_subtract(const struct prefix_set *a, const struct prefix_set *b,
    struct prefix_set *out) __attribute__((warn_unused_result));

#endif
