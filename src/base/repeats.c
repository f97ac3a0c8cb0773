/* repeats: values of keys that came more than once. Any thread, one at a time. Refuses to trust a hash: a
 * value is found by its whole key. Source of the hash: multiplication after a rotation, as in Fibonacci
 * hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4), in four chains, so that a
 * multiplication need not wait for the one before it. */
#include "base/repeats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/dassert.h"

enum { ALIGN = 16, BLOCK = 32 };

struct slot {
	uint32_t last; /* hash of what came here last and was not kept */
	uint32_t hash; /* this and all below: of the key that is kept */
	size_t len;    /* 0: none is */
	uint64_t tags[2];
	uint8_t bytes[]; /* the key; behind its room the value */
};

struct repeats {
	unsigned n_bits;
	size_t key_max;
	size_t value_at; /* from the start of a slot */
	size_t slot_len;
	_Alignas(ALIGN) uint8_t slots[];
};

static size_t aligned(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

int repeats_create(unsigned n_bits, size_t key_max, size_t value_max, struct repeats **out)
{
	assert(n_bits >= 1 && n_bits <= 16);
	size_t value_at = aligned(sizeof(struct slot) + key_max);
	size_t slot_len = value_at + aligned(value_max);
	struct repeats *repeats = calloc(1, sizeof(*repeats) + (slot_len << n_bits));
	if (!repeats)
		return -ENOMEM;
	repeats->n_bits = n_bits;
	repeats->key_max = key_max;
	repeats->value_at = value_at;
	repeats->slot_len = slot_len;
	*out = repeats;
	return 0;
}

void repeats_destroy(struct repeats *repeats)
{
	free(repeats);
}

static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 by the golden ratio */

static inline uint64_t mix(uint64_t h, const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	h ^= word;
	return (h << 29 | h >> 35) * odd;
}

/* Four words of the chains. */
struct chains {
	uint64_t a, b, c, d;
};

static inline struct chains mix_block(struct chains h, const uint8_t *p)
{
	return (struct chains){mix(h.a, p), mix(h.b, p + 8), mix(h.c, p + 16), mix(h.d, p + 24)};
}

static inline uint32_t hash_of(const struct repeats_key *key)
{
	const uint8_t *p = key->bytes;
	const uint8_t *end = p + key->len;
	struct chains h = {key->len * odd, key->tags[0] * odd, key->tags[1] * odd, 0};
	if (key->len >= BLOCK) {
		for (; end - p > BLOCK; p += BLOCK)
			h = mix_block(h, p);
		h = mix_block(h, end - BLOCK); /* some bytes a second time */
	} else {
		uint8_t block[BLOCK] = {0};
		memcpy(block, p, key->len);
		h = mix_block(h, block);
	}
	h.a = (h.a ^ h.b >> 32) * odd + (h.c ^ h.d >> 32);
	return (uint32_t)((h.a ^ h.a >> 32) * odd >> 32);
}

uint32_t repeats_hash(const struct repeats_key *key)
{
	return hash_of(key);
}

static bool is_same(const struct slot *slot, uint32_t hash, const struct repeats_key *key)
{
	return slot->hash == hash && slot->len == key->len && slot->tags[0] == key->tags[0] &&
	       slot->tags[1] == key->tags[1] && memcmp(slot->bytes, key->bytes, key->len) == 0;
}

static void keep(struct slot *slot, uint32_t hash, const struct repeats_key *key)
{
	slot->hash = hash;
	slot->len = key->len;
	slot->tags[0] = key->tags[0];
	slot->tags[1] = key->tags[1];
	memcpy(slot->bytes, key->bytes, key->len);
}

void *repeats_find(struct repeats *repeats, const struct repeats_key *key, bool *is_known)
{
	*is_known = false;
	if (key->len == 0 || key->len > repeats->key_max)
		return NULL;
	uint32_t hash = hash_of(key);
	size_t idx = hash >> (32 - repeats->n_bits);
	struct slot *slot = (struct slot *)(void *)(repeats->slots + idx * repeats->slot_len);
	void *value = (uint8_t *)slot + repeats->value_at;
	if (is_same(slot, hash, key)) {
		*is_known = true;
		return value;
	}
	if (slot->last != hash) {
		slot->last = hash;
		return NULL;
	}
	keep(slot, hash, key);
	return value;
}
