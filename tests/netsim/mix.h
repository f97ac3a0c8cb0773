#ifndef NETSIM_MIX_H
#define NETSIM_MIX_H

#include <stdint.h>

#include "base/ipaddr.h"

/* The seeded function behind every truth: a chain of 64-bit finalizers (Stafford's variant 13, as
 * in Vigna's splitmix64). Not for secrets: only for a population that is the same on every machine
 * and costs a few nanoseconds to ask. netsim does not use the scanner's own SipHash on purpose. */
static inline uint64_t mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Folds one number into a running hash. */
static inline uint64_t mix_add(uint64_t h, uint64_t value)
{
	return mix64(
	    h + UINT64_C(0x9e3779b97f4a7c15) + mix64(value + UINT64_C(0x632be59bd9b4e019)));
}

/* Hash of an address for one purpose under one seed. */
static inline uint64_t mix_addr(uint64_t seed, uint64_t purpose, const struct ipaddr *addr)
{
	uint64_t hi, lo;
	ipaddr_get_u64(addr, &hi, &lo);
	return mix_add(mix_add(mix_add(seed, purpose), hi), lo);
}

/* A number in [0, n) from a hash, without modulo bias worth naming (n < 2^32). */
static inline uint32_t mix_below(uint64_t h, uint32_t n)
{
	return (uint32_t)(((h >> 32) * n) >> 32);
}

enum { PPM_ALL = 1000000 };

/* True for ppm out of a million hashes. */
static inline bool mix_hits(uint64_t h, uint32_t ppm)
{
	return mix_below(h, PPM_ALL) < ppm;
}

#endif
