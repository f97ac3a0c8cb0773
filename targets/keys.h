#ifndef TARGETS_KEYS_H
#define TARGETS_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* A packed array of fixed-width keys in big-endian bytes, so that memcmp order is number order: what
 * keeps a hundred million addresses small. Widths: 4 an IPv4 address, 6 with a port, 8 an IPv4
 * range, 16, 18, 32 the same for IPv6. Owned by one thread; not opaque, because reading it is the
 * innermost loop. */
struct keys {
	uint8_t *p; /* n * width bytes, owned */
	size_t n;
	size_t cap;
	unsigned width;
};

enum { KEYS_WIDTH_MAX = 32 };

/* width is one of the six above. Allocates nothing. */
void keys_init(struct keys *keys, unsigned width);

/* Frees the bytes; the array is empty and usable after that. */
void keys_fini(struct keys *keys);

/* Room for one more key at the end; the caller fills its width bytes. NULL when memory is out.
 * Amortized O(1). */
uint8_t *keys_push(struct keys *keys) __attribute__((warn_unused_result));

/* Sorts in memcmp order, in place (radix, most significant byte first, "American flag"; McIlroy,
 * Bostic, McIlroy 1993). O(n * width) at worst, no memory beyond 130 KiB of stack. */
void keys_sort(struct keys *keys);

/* Drops repeated keys of a sorted array and gives unused memory back. O(n). */
void keys_dedup(struct keys *keys);

/* Gives unused memory back. */
void keys_trim(struct keys *keys);

static inline const uint8_t *keys_at(const struct keys *keys, size_t i)
{
	return keys->p + i * keys->width;
}

#endif
