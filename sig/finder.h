#ifndef SIG_FINDER_H
#define SIG_FINDER_H

#include "sig/needs.h"

/* Looks for many pairs of bytes in one pass. Private to sig/. */

enum { FINDER_BITS = 32, FINDER_PLANES = FINDER_BITS / 8 };

/* Each pair has a bit; when there are more of them, some share one. A byte's two halves index tables whose
 * entries say, in the bits of a plane, for which pairs the half is right. Immutable once made. */
struct finder {
	uint8_t tables[FINDER_PLANES][4]
		      [16]; /* of the first byte low and high half, of the second */
	uint8_t n_bits;
	struct need needs[FINDER_BITS];
};

/* Adds one of the needs, all of them, and returns their bits. *finder begins as zeros. */
uint32_t finder_add(struct finder *finder, const struct needs *needs);

/* The bits of what may be in the len bytes: never lacks one that is. Any thread; a quarter of an instruction
 * a byte and plane with AVX2, eight without. */
uint32_t finder_find(const struct finder *finder, const uint8_t *bytes, size_t len);

/* The same without vectors, for other processors and tests. The bits may differ in what is not there. */
uint32_t finder_find_plain(const struct finder *finder, const uint8_t *bytes, size_t len);

#endif
