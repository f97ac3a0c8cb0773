/* hash: keyed hashing, digests and randomness; the only user of libsodium. Any thread. */
#include "base/hash.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

_Static_assert(HASH_KEY_LEN == crypto_shorthash_KEYBYTES, "SipHash key");
_Static_assert(
    sizeof(struct hash_digest_state) >= sizeof(crypto_generichash_state), "digest state");

int hash_init(void)
{
	return sodium_init() < 0 ? -EIO : 0;
}

uint64_t hash_siphash(const struct hash_key *key, const void *bytes, size_t len)
{
	uint8_t out[crypto_shorthash_BYTES];
	crypto_shorthash(out, bytes, len, key->b);
	uint64_t v;
	memcpy(&v, out, sizeof(v));
	return le64toh(v);
}

void hash_random(void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

void hash_key_derive(uint64_t seed, const char *purpose, struct hash_key *out)
{
	uint8_t in[8];
	for (int i = 0; i < 8; i++)
		in[i] = (uint8_t)(seed >> (8 * i));
	/* The purpose is the BLAKE2b key, so that no two purposes share a stream. */
	uint8_t name[crypto_generichash_KEYBYTES_MAX] = {0};
	size_t name_len = strnlen(purpose, sizeof(name));
	memcpy(name, purpose, name_len);
	crypto_generichash(out->b, sizeof(out->b), in, sizeof(in), name, sizeof(name));
}

void hash_digest_init(struct hash_digest_state *state)
{
	crypto_generichash_init(
	    (crypto_generichash_state *)(void *)state->opaque, NULL, 0, HASH_DIGEST_LEN);
}

void hash_digest_update(struct hash_digest_state *state, const void *bytes, size_t len)
{
	crypto_generichash_update((crypto_generichash_state *)(void *)state->opaque, bytes, len);
}

void hash_digest_final(struct hash_digest_state *state, uint8_t out[HASH_DIGEST_LEN])
{
	crypto_generichash_final(
	    (crypto_generichash_state *)(void *)state->opaque, out, HASH_DIGEST_LEN);
}
