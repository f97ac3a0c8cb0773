#ifndef TESTS_OUT_SAMPLES_H
#define TESTS_OUT_SAMPLES_H

#include <stdint.h>

#include "engine/messages.h"

/* Results as the engine could make them, from a number: the same number, the same result. */

enum sample_kind {
	SAMPLE_HOSTILE, /* every member anything that its type and contract allow */
	SAMPLE_PLAIN,   /* what most of a scan looks like: an HTTP answer of some 300 bytes */
	SAMPLE_WORST,   /* the longest record there can be */
};

void sample_make(struct result *out, enum sample_kind kind, uint64_t seed);

/* Next number of a SplitMix64 sequence (Steele, Lea, Flood 2014). */
uint64_t sample_next(uint64_t *state);

#endif
