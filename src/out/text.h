#ifndef OUT_TEXT_H
#define OUT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ipaddr.h"

/* Text under construction in a buffer of fixed size: what does not fit sets is_full and is left out
 * as a whole piece. All functions: owner's thread, no allocation, O(bytes written). */
struct text {
	char *p;
	size_t len;
	size_t cap;
	bool is_full; /* sticky */
};

/* Who will read a string, and so what must be escaped around it. */
enum text_quote {
	TEXT_QUOTE_NONE, /* bare */
	TEXT_QUOTE_JSON, /* inside a JSON string; the quotes themselves are the caller's */
	TEXT_QUOTE_CSV,  /* inside a quoted CSV cell (RFC 4180 section 2.7) */
	TEXT_QUOTE_COUNT,
};

/* Wraps cap bytes at p (borrowed as long as the text is used). */
static inline struct text text_make(char *p, size_t cap)
{
	return (struct text){.p = p, .cap = cap};
}

/* len bytes as they are. */
static inline void text_put(struct text *t, const char *bytes, size_t len)
{
	if (t->cap - t->len < len) {
		t->is_full = true;
		return;
	}
	memcpy(t->p + t->len, bytes, len);
	t->len += len;
}

/* The first len of size bytes, where size is a constant and bytes beyond len may be copied into the
 * buffer beyond the text: one or two moves instead of a call. */
static inline __attribute__((always_inline)) void text_put_short(
    struct text *t, const char *bytes, size_t size, size_t len)
{
	if (t->cap - t->len < size) {
		text_put(t, bytes, len);
		return;
	}
	memcpy(t->p + t->len, bytes, size);
	t->len += len;
}

static inline void text_putc(struct text *t, char c)
{
	text_put(t, &c, 1);
}

/* A literal or other NUL-terminated string as it is. */
static inline void text_puts(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

/* printf, for what is written seldom. Text of strangers goes through text_put_printable. */
void text_putf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Decimal number. */
void text_put_u64(struct text *t, uint64_t v);

/* v / 10^decimals with at least one and at most `decimals` (1 to 6) digits after the point, trailing
 * zeros dropped: 12500 with 3 decimals is 12.5, 12000 is 12.0, so that a reader that guesses types
 * always sees a fraction. */
void text_put_fixed(struct text *t, int64_t v, unsigned decimals);

/* addr as ipaddr_format() writes it, faster for IPv4. */
void text_put_ip(struct text *t, const struct ipaddr *addr);

/* wall_ns (CLOCK_REALTIME, >= 0) as RFC 3339 text in UTC with microseconds. */
void text_put_time(struct text *t, int64_t wall_ns);

/* Base64 (RFC 4648 section 4, padded) of len bytes. */
void text_put_base64(struct text *t, const uint8_t *bytes, size_t len);

/* Strangers' bytes as text that is safe on a terminal and in a log. Valid UTF-8 of visible characters
 * is kept; a backslash is doubled; CR, LF and TAB become \r, \n, \t; every other byte becomes \xHH:
 * control characters, bytes that are no UTF-8 (RFC 3629), and characters that are invisible or change
 * the direction of the text (so that a name cannot be made to look like another). Undoing these
 * escapes gives the bytes back. At most max_bytes of the len bytes are used, and a character is not
 * cut in two. */
void text_put_printable(
    struct text *t, const uint8_t *bytes, size_t len, size_t max_bytes, enum text_quote quote);

/* Strangers' bytes as the contents of a JSON string with nothing escaped twice: what is no UTF-8
 * becomes U+FFFD (as Go's encoding/json does, for the lzr format). Lossy. */
void text_put_json_lossy(struct text *t, const uint8_t *bytes, size_t len);

/* Bytes of the UTF-8 character at p (1 to 4), with its code point in *cp; 0 when the bytes are no
 * valid UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF). end > p. */
size_t text_decode_utf8(const uint8_t *p, const uint8_t *end, uint32_t *cp);

#endif
