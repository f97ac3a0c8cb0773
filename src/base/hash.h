#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The only user of libsodium: keyed hashing and randomness. */

enum { HASH_KEY_LEN = 16 };

struct hash_key {
	uint8_t b[HASH_KEY_LEN];
};

/* Makes the library ready; call once before threads start. Returns 0 or -EIO. */
int hash_init(void) __attribute__((warn_unused_result));

/* SipHash-2-4 (Aumasson, Bernstein 2012) of len bytes under key; the 8 result bytes read as a
 * little-endian number. Any thread. */
uint64_t hash_siphash(const struct hash_key *key, const void *bytes, size_t len);

/* Fills buf from the system's random source. */
void hash_random(void *buf, size_t len);

/* A key derived from a number and a purpose ("cookie", "permute"): the same on every machine. */
void hash_key_derive(uint64_t seed, const char *purpose, struct hash_key *out);

/* Digest of bytes for comparing sets of targets and options: 128 bits of BLAKE2b. update may be
 * called any number of times between init and final. */
struct hash_digest_state {
	_Alignas(64) uint8_t opaque[384];
};
enum { HASH_DIGEST_LEN = 16 };
void hash_digest_init(struct hash_digest_state *state);
void hash_digest_update(struct hash_digest_state *state, const void *bytes, size_t len);
void hash_digest_final(struct hash_digest_state *state, uint8_t out[HASH_DIGEST_LEN]);

#endif
