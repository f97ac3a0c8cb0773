#ifndef BASE_MEMO_H
#define BASE_MEMO_H

#include <string.h>

#include "base/dassert.h"
#include "base/hash.h"
#include "base/siphash.h"

/* Keyed hashes of what was hashed a moment ago, so that who prefetches by a hash and who looks up by it
 * pay for one, and what will be asked about soon is hashed together. 128 places; what a stranger pushes out
 * is hashed again. All messages of a memo have one length, at most MEMO_LEN. One thread. */

enum { MEMO_LEN = 36, MEMO_SLOTS = 128, MEMO_LEARN_MAX = 16 };

_Static_assert((int)MEMO_LEN <= (int)SIPHASH_MANY_LEN, "hashed together");

struct memo {
	struct hash_key key;
	struct memo_slot {
		uint64_t hash;
		uint8_t bytes[MEMO_LEN];
	} slots[MEMO_SLOTS];
};

/* Readies a memo for messages of len bytes, 8 to MEMO_LEN. */
static inline void memo_init(struct memo *memo, const struct hash_key *key, size_t len)
{
	memset(memo, 0, sizeof(*memo));
	memo->key = *key;
	for (size_t i = 0; i < MEMO_SLOTS; i++)
		memo->slots[i].hash = hash_siphash(key, memo->slots[i].bytes, len);
}

static inline struct memo_slot *memo_place(struct memo *memo, const void *bytes, size_t len)
{
	_Static_assert(MEMO_SLOTS == 1 << 7, "seven bits choose the place");
	uint64_t end; /* where addresses and ports differ most */
	memcpy(&end, (const uint8_t *)bytes + len - sizeof(end), sizeof(end));
	return &memo->slots[end * UINT64_C(0x9e3779b97f4a7c15) >> 57];
}

/* hash_siphash() of len bytes, the len of memo_init; a comparison when asked a moment ago. */
static inline uint64_t memo_hash(struct memo *memo, const void *bytes, size_t len)
{
	struct memo_slot *slot = memo_place(memo, bytes, len);
	if (memcmp(slot->bytes, bytes, len) != 0) {
		memcpy(slot->bytes, bytes, len);
		slot->hash = hash_siphash(&memo->key, bytes, len);
	}
	return slot->hash;
}

/* Readies memo_hash() for n messages, at most MEMO_LEARN_MAX, that stand one behind the other: what is new
 * is hashed together, at a fraction of the price. */
static inline void memo_learn(struct memo *memo, const void *messages, size_t len, size_t n)
{
	struct memo_slot *slots[MEMO_LEARN_MAX];
	uint8_t unknown[MEMO_LEARN_MAX * MEMO_LEN];
	uint64_t hashes[MEMO_LEARN_MAX];
	size_t n_unknown = 0;
	dassert(len <= MEMO_LEN && n <= MEMO_LEARN_MAX);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *message = (const uint8_t *)messages + i * len;
		slots[n_unknown] = memo_place(memo, message, len);
		if (memcmp(slots[n_unknown]->bytes, message, len) != 0)
			memcpy(unknown + n_unknown++ * len, message, len);
	}
	if (n_unknown == 0)
		return;
	siphash_many(&memo->key, unknown, len, n_unknown, hashes);
	for (size_t i = 0; i < n_unknown; i++) {
		slots[i]->hash = hashes[i];
		memcpy(slots[i]->bytes, unknown + i * len, len);
	}
}

#endif
