#ifndef TESTS_UNIT_RNG_H
#define TESTS_UNIT_RNG_H

#include <stdint.h>

/* Reproducible random numbers for property tests: splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Uniform in [0, n), n at least 1. */
static inline uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return (uint32_t)((rng_next(rng) >> 32) * n >> 32);
}

/* A number whose size in bits is random too: shifted right by at least shift and less than shift + n. */
static inline uint64_t rng_shifted(struct rng *rng, uint32_t shift, uint32_t n)
{
	shift += rng_below(rng, n); /* first: the order must be one with every compiler */
	return rng_next(rng) >> shift;
}

#endif
