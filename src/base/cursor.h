#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads bytes that strangers sent: a pointer, an end and a sticky error. Read all fields, test
 * is_short once: after a short read every further read gives 0. Borrowed bytes, no copy. */
struct cursor {
	const uint8_t *p;
	const uint8_t *end;
	bool is_short;
};

static inline struct cursor cursor_make(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	return (struct cursor){.p = p, .end = p + len, .is_short = false};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* The next len bytes, or NULL (and the sticky error) when there are fewer. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t len)
{
	if (c->is_short || cursor_left(c) < len) {
		c->is_short = true;
		return NULL;
	}
	const uint8_t *p = c->p;
	c->p += len;
	return p;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);
	return p ? p[0] : 0;
}

/* Network byte order in the packet, host order in the result. */
static inline uint16_t cursor_be16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

#endif
