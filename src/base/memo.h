#ifndef BASE_MEMO_H
#define BASE_MEMO_H

#include <string.h>

#include "base/hash.h"

/* Keyed hashes of what was hashed a moment ago, so that who prefetches by a hash and who looks up by it
 * pay for one. 64 places; what a stranger pushes out is hashed again. All messages of a memo have one
 * length, at most MEMO_LEN. One thread. */

enum { MEMO_LEN = 36, MEMO_SLOTS = 64 };

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

/* hash_siphash() of len bytes, the len of memo_init; a comparison when asked a moment ago. */
static inline uint64_t memo_hash(struct memo *memo, const void *bytes, size_t len)
{
	_Static_assert(MEMO_SLOTS == 1 << 6, "six bits choose the place");
	uint64_t end; /* where addresses and ports differ most */
	memcpy(&end, (const uint8_t *)bytes + len - sizeof(end), sizeof(end));
	struct memo_slot *slot = &memo->slots[end * UINT64_C(0x9e3779b97f4a7c15) >> 58];
	if (memcmp(slot->bytes, bytes, len) != 0) {
		memcpy(slot->bytes, bytes, len);
		slot->hash = hash_siphash(&memo->key, bytes, len);
	}
	return slot->hash;
}

#endif
