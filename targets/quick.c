/* quick: plain lines of lists, eight bytes at a time. Pure; any thread. Refuses everything that is not
 * written in the most usual way, though it may be right: zones, comments, blanks, leading zeros, IPv4 in
 * the tail of IPv6. Reads up to QUICK_SLACK bytes behind the text, and judges none of them.
 * Technique: bytes of a word compared, packed and weighted together (Mula, "SWAR"; Lemire, "fast
 * integer parsing"), written from the arithmetic. */
#include "targets/quick.h"

#include <endian.h>
#include <string.h>

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t load8(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline uint32_t load4(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* The high bit of every byte that is no decimal digit. */
static inline uint64_t not_digits(uint64_t v)
{
	uint64_t t = v ^ 0x30 * ONES; /* digits become 0 to 9 */
	return (((t & ~HIGHS) + 0x76 * ONES) | t) & HIGHS;
}

/* One bit a byte, the first byte lowest. */
static inline uint32_t pack(uint64_t highs)
{
	return (uint32_t)((highs >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

/* len (1 to 3) digits at p. */
static inline uint32_t take_octet(const char *p, unsigned len)
{
	/* The last digit goes to the highest byte, zeros come behind. */
	uint32_t v = load4(p) << 8 * (4 - len) & 0x0f0f0f0fu;
	return (v >> 24) + (v >> 16 & 15) * 10 + (v >> 8 & 15) * 100;
}

/* The end of a line at p: its length, or 0. */
static inline size_t take_end(const char *p)
{
	return p[0] == '\n' ? 1 : p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* Up to five digits at p and the line end: how long all that is, or 0. */
static inline size_t take_port(const char *p, uint16_t *out)
{
	uint64_t v = load8(p);
	unsigned len = (unsigned)__builtin_ctzll(not_digits(v) | UINT64_C(1) << 63) / 8;
	if (len - 1 > 4)
		return 0;
	v = v << 8 * (8 - len) & 0x0f * ONES;
	v = v * 10 + (v >> 8); /* two digits in every other byte */
	v = (v & UINT64_C(0x00ff00ff00ff00ff)) * (1 + (UINT64_C(100) << 16)) >> 16;
	v = (v & UINT64_C(0x0000ffff0000ffff)) * (1 + (UINT64_C(10000) << 32)) >> 32;
	uint32_t port = (uint32_t)v;
	size_t end = take_end(p + len);
	*out = (uint16_t)port;
	return port - 1 < 65535 && end ? len + end : 0;
}

static inline size_t parse_v4(const char *p, struct quick_line *out)
{
	uint32_t stops = pack(not_digits(load8(p))) | pack(not_digits(load8(p + 8))) << 8;
	uint32_t v4 = 0, start = 0, bad = 0;
	stops |= 15u << 16; /* so that there are four */
	for (int i = 0; i < 4; i++) {
		uint32_t stop = (uint32_t)__builtin_ctz(stops), len = stop - start;
		stops &= stops - 1;
		if (len - 1 > 2)
			return 0;
		uint32_t octet = take_octet(p + start, len);
		bad |= octet > 255 || (len > 1 && p[start] == '0') || (i < 3 && p[stop] != '.');
		v4 = v4 << 8 | (octet & 255);
		start = stop + 1;
	}
	if (bad)
		return 0;
	out->addr = (struct u128){0, UINT64_C(0xffff00000000) | v4};
	size_t len = start - 1, end;
	if (p[len] == ':') {
		end = take_port(p + len + 1, &out->port);
		return end ? len + 1 + end : 0;
	}
	out->port = 0;
	end = take_end(p + len);
	return end ? len + end : 0;
}

/* Hex digits; a NUL stands for one that is not there; what is none is beyond 15. */
enum { BAD = 0x10000 };
static const uint32_t hex[256] = {
    [0] = 0,
    [1 ... '0' - 1] = BAD,
    ['0'] = 0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    [':' ... 'A' - 1] = BAD,
    ['A'] = 10,
    11,
    12,
    13,
    14,
    15,
    ['G' ... 'a' - 1] = BAD,
    ['a'] = 10,
    11,
    12,
    13,
    14,
    15,
    ['g' ... 255] = BAD,
};

/* The high bit of the first byte that is c; bytes behind it are not judged. */
static inline uint64_t find(uint64_t v, unsigned char c)
{
	uint64_t t = v ^ c * ONES;
	return (t - ONES) & ~t & HIGHS;
}

/* By n (1 to 7) groups. */
static inline struct u128 shift_up(struct u128 v, unsigned n)
{
	unsigned bits = 16 * n;
	if (bits >= 64)
		return (struct u128){v.lo << (bits - 64), 0};
	return (struct u128){v.hi << bits | v.lo >> (64 - bits), v.lo << bits};
}

/* Groups up to the byte that ends the address (']' or a line end), which *stop gets. */
static inline size_t take_v6(const char *p, struct u128 *out, char *stop)
{
	struct u128 before = {0, 0}, acc = {0, 0};
	unsigned n = 0, n_before = 0;
	bool has_gap = false;
	const char *start = p;
	if (p[0] == ':') {
		if (p[1] != ':')
			return 0;
		has_gap = true;
		p += 2;
	}
	for (;;) {
		uint64_t v = load8(p);
		uint64_t ends = find(v, ':') | find(v, ']') | find(v, '\n') | find(v, '\r');
		unsigned len = ends ? (unsigned)__builtin_ctzll(ends) / 8 : 8;
		if (len > 4 || n == 8)
			return 0;
		if (len == 0) /* right only behind "::", at the end */
			break;
		uint32_t w = (uint32_t)v << 8 * (4 - len);
		uint32_t group = hex[w & 255] << 12 | hex[w >> 8 & 255] << 8 |
				 hex[w >> 16 & 255] << 4 | hex[w >> 24];
		if (group >= BAD)
			return 0;
		acc = shift_up(acc, 1);
		acc.lo |= group;
		n++;
		p += len;
		if (*p != ':')
			break;
		p++;
		if (*p != ':')
			continue;
		if (has_gap)
			return 0;
		has_gap = true;
		n_before = n;
		before = acc;
		acc = (struct u128){0, 0};
		p++;
	}
	/* An empty group is right only directly behind the gap. */
	bool is_open = p[-1] == ':' && !(p - start >= 2 && p[-2] == ':');
	if (is_open || *p == ':' || (has_gap ? n > 7 : n != 8))
		return 0;
	if (n_before > 0) {
		before = shift_up(before, 8 - n_before);
		acc = (struct u128){acc.hi | before.hi, acc.lo | before.lo};
	}
	*out = acc;
	*stop = *p;
	return (size_t)(p - start);
}

static inline size_t parse_v6(const char *p, bool is_bracketed, struct quick_line *out)
{
	char stop;
	size_t len = take_v6(p, &out->addr, &stop), end;
	if (len == 0)
		return 0;
	out->port = 0;
	if (!is_bracketed) {
		end = stop == ']' ? 0 : take_end(p + len);
		return end ? len + end : 0;
	}
	if (stop != ']')
		return 0;
	len++;
	if (p[len] != ':') {
		end = take_end(p + len);
		return end ? len + end : 0;
	}
	end = take_port(p + len + 1, &out->port);
	return end ? len + 1 + end : 0;
}

static inline size_t parse(const char *p, struct quick_line *out)
{
	if (p[0] == '[') {
		size_t len = parse_v6(p + 1, true, out);
		return len ? len + 1 : 0;
	}
	size_t len = parse_v4(p, out);
	return len ? len : parse_v6(p, false, out);
}

size_t quick_parse(const char *text, size_t len, struct quick_line *out)
{
	size_t used = len > 0 ? parse(text, out) : 0;
	return used <= len ? used : 0;
}

size_t quick_lines(struct lines *lines, struct quick_line *out, size_t n)
{
	size_t got = 0, off = lines->off;
	if (lines->has_nul || lines->is_skipping || !lines->is_started)
		return 0;
	while (got < n && off < lines->len) {
		size_t used = parse(lines->buf + off, &out[got]);
		if (used == 0 || used > lines->len - off)
			break;
		off += used;
		got++;
	}
	lines->off = off;
	lines->line_no += got;
	return got;
}
