/* text: bytes and numbers as text, at the pace of the writer. Pure; refuses to write past its buffer.
 * Sources: RFC 8259 section 7 (JSON strings), RFC 4180 (CSV), RFC 4648 (base64), RFC 3339 (time),
 * RFC 3629 (UTF-8), Unicode 15 general category Cf and the bidirectional controls of UAX 9. */
#include "out/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/clock.h"
#include "base/dassert.h"

/* Room for n more bytes, or NULL and the sticky mark. */
static char *reserve(struct text *t, size_t n)
{
	if (t->cap - t->len < n) {
		t->is_full = true;
		return NULL;
	}
	return t->p + t->len;
}

void text_putf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(t->p + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	/* vsnprintf needs room for a NUL, which is not part of the text. */
	if (n < 0 || (size_t)n >= t->cap - t->len)
		t->is_full = true;
	else
		t->len += (size_t)n;
}

/* The two digits of 0 to 99. Filled once, before main, so that it is constant for all threads. */
static char digit_pairs[100][2];

__attribute__((constructor)) static void fill_digit_pairs(void)
{
	for (int i = 0; i < 100; i++) {
		digit_pairs[i][0] = (char)('0' + i / 10);
		digit_pairs[i][1] = (char)('0' + i % 10);
	}
}

/* Writes v backwards so that it ends before end; returns where it starts. */
static inline char *digits_before(char *end, uint64_t v)
{
	for (; v >= 100; v /= 100)
		memcpy(end -= 2, digit_pairs[v % 100], 2);
	if (v < 10)
		*--end = (char)('0' + v);
	else
		memcpy(end -= 2, digit_pairs[v], 2);
	return end;
}

/* A number is written backwards into the first half and copied on from wherever it starts. */
enum { NUMBER_MAX = 24 };
struct number {
	char text[2 * NUMBER_MAX];
};

static inline void put_number(struct text *t, const struct number *n, const char *start)
{
	text_put_short(t, start, NUMBER_MAX, (size_t)(n->text + NUMBER_MAX - start));
}

void text_put_u64(struct text *t, uint64_t v)
{
	struct number n = {0};
	put_number(t, &n, digits_before(n.text + NUMBER_MAX, v));
}

/* decimals is a constant wherever it is called: no division by a variable. */
static inline __attribute__((always_inline)) void put_fixed(
    struct text *t, int64_t v, unsigned decimals)
{
	static const uint64_t scale[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
	uint64_t u = v < 0 ? ~(uint64_t)v + 1 : (uint64_t)v;
	uint32_t fraction = (uint32_t)(u % scale[decimals]);
	unsigned n_digits = decimals;
	for (; n_digits > 1 && fraction % 10 == 0; n_digits--)
		fraction /= 10;
	struct number n = {0};
	char *start = n.text + NUMBER_MAX;
	for (; n_digits > 0; n_digits--) {
		*--start = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	*--start = '.';
	start = digits_before(start, u / scale[decimals]);
	if (v < 0)
		*--start = '-';
	put_number(t, &n, start);
}

void text_put_fixed(struct text *t, int64_t v, unsigned decimals)
{
	assert(decimals >= 1 && decimals <= 6);
	switch (decimals) {
	case 1:
		put_fixed(t, v, 1);
		return;
	case 2:
		put_fixed(t, v, 2);
		return;
	case 3:
		put_fixed(t, v, 3);
		return;
	case 4:
		put_fixed(t, v, 4);
		return;
	case 5:
		put_fixed(t, v, 5);
		return;
	}
	put_fixed(t, v, 6);
}

void text_put_ip(struct text *t, const struct ipaddr *addr)
{
	if (ipaddr_is_v4(addr)) {
		struct number n = {0};
		char *start = n.text + NUMBER_MAX;
		for (int i = 15; i >= 12; i--) {
			start = digits_before(start, addr->b[i]);
			if (i > 12)
				*--start = '.';
		}
		put_number(t, &n, start);
		return;
	}
	char buf[IPADDR_STRLEN];
	text_put(t, buf, ipaddr_format(addr, buf));
}

/* width is even */
static inline void put_padded(char *p, unsigned v, unsigned width)
{
	for (; width > 0; v /= 100)
		memcpy(p + (width -= 2), digit_pairs[v % 100], 2);
}

/* Year, month and day of a day number since 1970-01-01, in the Gregorian calendar: the year is taken
 * to begin in March, so that the leap day comes last and months follow a linear rule. */
static void civil_from_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t z = days + 719468; /* days since 0000-03-01 */
	uint64_t era = z / 146097;
	uint64_t doe = z % 146097; /* day of the 400-year era */
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t mp = (5 * doy + 2) / 153;
	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = (unsigned)(yoe + era * 400 + (*month <= 2));
}

void text_put_time(struct text *t, int64_t wall_ns)
{
	uint64_t us = wall_ns < 0 ? 0 : (uint64_t)(wall_ns / NS_PER_US);
	uint64_t secs = us / 1000000;
	unsigned year, month, day;
	civil_from_days(secs / 86400, &year, &month, &day);
	unsigned in_day = (unsigned)(secs % 86400);
	char buf[] = "0000-00-00T00:00:00.000000Z";
	put_padded(buf, year, 4);
	put_padded(buf + 5, month, 2);
	put_padded(buf + 8, day, 2);
	put_padded(buf + 11, in_day / 3600, 2);
	put_padded(buf + 14, in_day / 60 % 60, 2);
	put_padded(buf + 17, in_day % 60, 2);
	put_padded(buf + 20, (unsigned)(us % 1000000), 6);
	text_put(t, buf, sizeof(buf) - 1);
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Twelve bits at a time: two characters for each of 4096 values. Filled once, before main, so that it
 * is constant for all threads. */
static char base64_pairs[4096][2];

__attribute__((constructor)) static void fill_base64_pairs(void)
{
	for (unsigned i = 0; i < 4096; i++) {
		base64_pairs[i][0] = base64_alphabet[i >> 6];
		base64_pairs[i][1] = base64_alphabet[i & 63];
	}
}

#ifdef __x86_64__
/* 24 bytes to 32 characters at a time; the rest is left. Source: Mula and Lemire, "Faster Base64 Encoding
 * and Decoding Using AVX2 Instructions", ACM TWEB 12(3), 2018, section 3. */
__attribute__((target("avx2"))) static size_t put_base64_avx2(
    char *p, const uint8_t *bytes, size_t len)
{
	/* Each half takes 12 bytes: of every three bytes a, b, c a word of b, a, c, b. */
	const __m256i spread = _mm256_broadcastsi128_si256(
	    _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
	/* What to add to a six-bit value to get its character, by the class of the value: 0 for 26 to
	 * 51, 1 to 10 for 52 to 61, 11 and 12 for 62 and 63, 13 for 0 to 25. */
	const __m256i to_char = _mm256_broadcastsi128_si256(
	    _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
		'0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
	size_t n_done = 0;
	/* The second half is read from its 12th byte on: four bytes more than are used. */
	for (; len - n_done >= 28; n_done += 24, p += 32) {
		__m128i lo = _mm_loadu_si128((const void *)(bytes + n_done));
		__m128i hi = _mm_loadu_si128((const void *)(bytes + n_done + 12));
		__m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(lo), hi, 1);
		v = _mm256_shuffle_epi8(v, spread);
		__m256i even =
		    _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
			_mm256_set1_epi32(0x04000040));
		__m256i odd = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
		    _mm256_set1_epi32(0x01000010));
		__m256i six = _mm256_or_si256(even, odd);
		__m256i class = _mm256_subs_epu8(six, _mm256_set1_epi8(51));
		__m256i is_upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
		class = _mm256_or_si256(class, _mm256_and_si256(is_upper, _mm256_set1_epi8(13)));
		v = _mm256_add_epi8(six, _mm256_shuffle_epi8(to_char, class));
		_mm256_storeu_si256((void *)p, v);
	}
	return n_done;
}
#endif

void text_put_base64(struct text *t, const uint8_t *bytes, size_t len)
{
	size_t out_len = (len + 2) / 3 * 4;
	char *p = reserve(t, out_len);
	if (!p)
		return;
	t->len += out_len;
#ifdef __x86_64__
	if (len >= 28 && __builtin_cpu_supports("avx2")) {
		size_t n_done = put_base64_avx2(p, bytes, len);
		p += n_done / 3 * 4;
		bytes += n_done;
		len -= n_done;
	}
#endif
	for (; len >= 8; bytes += 6, len -= 6, p += 8) {
		uint64_t v = 0; /* the next six bytes in its upper 48 bits */
		for (unsigned i = 0; i < 8; i++)
			v = v << 8 | bytes[i];
		memcpy(p, base64_pairs[v >> 52], 2);
		memcpy(p + 2, base64_pairs[v >> 40 & 4095], 2);
		memcpy(p + 4, base64_pairs[v >> 28 & 4095], 2);
		memcpy(p + 6, base64_pairs[v >> 16 & 4095], 2);
	}
	for (; len >= 3; bytes += 3, len -= 3, p += 4) {
		uint32_t v = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
		memcpy(p, base64_pairs[v >> 12], 2);
		memcpy(p + 2, base64_pairs[v & 4095], 2);
	}
	if (len == 0)
		return;
	uint32_t v = (uint32_t)bytes[0] << 16 | (len == 2 ? (uint32_t)bytes[1] << 8 : 0);
	memcpy(p, base64_pairs[v >> 12], 2);
	p[2] = len == 2 ? base64_alphabet[v >> 6 & 63] : '=';
	p[3] = '=';
}

size_t text_decode_utf8(const uint8_t *p, const uint8_t *end, uint32_t *cp)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;
	if (n == 0 || (size_t)(end - p) < n)
		return 0;
	uint32_t v = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < smallest[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*cp = v;
	return n;
}

/* Characters beyond ASCII that have no shape of their own: C1 controls, soft hyphen, format and
 * direction controls, line separators, variation selectors and tags, private use, noncharacters. */
static bool is_invisible(uint32_t cp)
{
	static const struct {
		uint32_t lo, hi;
	} ranges[] = {{0x80, 0xa0}, {0xad, 0xad}, {0x600, 0x605}, {0x61c, 0x61c}, {0x6dd, 0x6dd},
	    {0x70f, 0x70f}, {0x890, 0x891}, {0x8e2, 0x8e2}, {0x115f, 0x1160}, {0x1680, 0x1680},
	    {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f}, {0x2028, 0x202f},
	    {0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
	    {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
	    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff}};
	if ((cp & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && ranges[i].lo <= cp; i++)
		if (cp <= ranges[i].hi)
			return true;
	return false;
}

/* A backslash of our own escapes; inside JSON it needs one itself. */
static void put_backslash(struct text *t, enum text_quote quote)
{
	text_put(t, "\\\\", quote == TEXT_QUOTE_JSON ? 2 : 1);
}

static void put_hex_escape(struct text *t, uint8_t b, enum text_quote quote)
{
	static const char hex[] = "0123456789abcdef";
	put_backslash(t, quote);
	char buf[] = {'x', hex[b >> 4], hex[b & 15]};
	text_put(t, buf, sizeof(buf));
}

static void put_ascii_special(struct text *t, uint8_t b, enum text_quote quote)
{
	switch (b) {
	case '"':
		if (quote == TEXT_QUOTE_JSON)
			text_putc(t, '\\');
		else if (quote == TEXT_QUOTE_CSV)
			text_putc(t, '"');
		text_putc(t, '"');
		return;
	case '\\':
		put_backslash(t, quote);
		put_backslash(t, quote);
		return;
	case '\r':
	case '\n':
	case '\t':
		put_backslash(t, quote);
		text_putc(t, b == '\r' ? 'r' : b == '\n' ? 'n' : 't');
		return;
	}
	put_hex_escape(t, b, quote);
}

static inline bool is_plain(uint8_t b)
{
	return b >= 0x20 && b < 0x7f && b != '"' && b != '\\';
}

/* Which of eight bytes have their top bit set after any of these tests: below 0x20, 0x7f and above, a
 * quote, a backslash? (Bytewise comparison in a word: Mycroft 1987. May say yes to a plain byte that
 * stands above one that is not, in the word: the lowest yes is always right.) */
static inline uint64_t find_special(uint64_t v)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t quote = v ^ ones * '"';
	uint64_t backslash = v ^ ones * '\\';
	uint64_t found = (v - ones * 0x20) | (v + ones) | (quote - ones) | (backslash - ones) | v;
	return found & ones * 0x80;
}

/* The first 8 of left bytes; when there are fewer, zeros follow, which are not plain. (Little endian when
 * there are fewer.) */
static inline uint64_t load_word(const uint8_t *p, size_t left)
{
	uint64_t v = 0;
	uint32_t lo, hi;
	if (left >= 8) {
		memcpy(&v, p, 8);
		return v;
	}
	if (left >= 4) {
		memcpy(&lo, p, 4);
		memcpy(&hi, p + left - 4, 4);
		return lo | (uint64_t)hi << (8 * (left - 4));
	}
	for (size_t i = 0; i < left; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline const uint8_t *skip_plain(const uint8_t *p, const uint8_t *stop)
{
	while (stop - p >= 8 && !find_special(load_word(p, 8)))
		p += 8;
	while (p < stop && is_plain(*p))
		p++;
	return p;
}

/* How each ASCII character that is not plain is written, for each kind of reader: what
 * put_ascii_special writes, ready to be copied as one word. Filled once, before main. */
static struct escape {
	char text[7];
	uint8_t len;
} escapes[TEXT_QUOTE_COUNT][128];

_Static_assert(sizeof(struct escape) == 8, "one word");

__attribute__((constructor)) static void fill_escapes(void)
{
	for (int quote = 0; quote < TEXT_QUOTE_COUNT; quote++) {
		for (unsigned b = 0; b < 128; b++) {
			struct escape *e = &escapes[quote][b];
			struct text t = text_make(e->text, sizeof(e->text));
			if (!is_plain((uint8_t)b))
				put_ascii_special(&t, (uint8_t)b, (enum text_quote)quote);
			e->len = (uint8_t)t.len;
		}
	}
}

#ifdef __SSE2__
enum { CHUNK_LEN = 16 };

/* Bit i is set when byte i is not plain. */
static inline unsigned find_specials(const uint8_t *chunk)
{
	__m128i v = _mm_loadu_si128((const void *)chunk);
	/* Signed: what is not ASCII is less than a blank, too. */
	__m128i found = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
	found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
	found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	return (unsigned)_mm_movemask_epi8(found);
}
#endif

/* The fast way through text_put_printable, as long as there is room to copy whole words: copies up to
 * the first byte that needs thought. */
static const uint8_t *put_plain_and_ascii(
    struct text *t, const uint8_t *p, const uint8_t *stop, enum text_quote quote)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	char *out = t->p + t->len;
	const char *out_end = t->p + t->cap;
	while (p < stop && out_end - out >= 16) {
		ptrdiff_t n_plain;
#ifdef __SSE2__
		if (stop - p >= CHUNK_LEN) {
			unsigned found = find_specials(p);
			memcpy(out, p, CHUNK_LEN);
			n_plain = found ? __builtin_ctz(found) : CHUNK_LEN;
		} else
#endif
		{
			uint64_t v = load_word(p, (size_t)(stop - p));
			uint64_t found = find_special(v);
			memcpy(out, &v, 8);
			n_plain = found ? __builtin_ctzll(found) / 8 : 8;
		}
		p += n_plain;
		out += n_plain;
		/* Specials come in pairs: line ends. */
		while (p < stop && *p < 0x80 && escapes[quote][*p].len && out_end - out >= 8) {
			const struct escape *e = &escapes[quote][*p++];
			memcpy(out, e->text, 8);
			out += e->len;
		}
		if (p < stop && *p >= 0x80)
			break;
	}
	t->len = (size_t)(out - t->p);
#else
	(void)t, (void)stop, (void)quote;
#endif
	return p;
}

void text_put_printable(
    struct text *t, const uint8_t *bytes, size_t len, size_t max_bytes, enum text_quote quote)
{
	const uint8_t *p = bytes;
	const uint8_t *end = bytes + len;
	const uint8_t *stop = bytes + (len < max_bytes ? len : max_bytes);
	while (p < stop) {
		p = put_plain_and_ascii(t, p, stop, quote);
		if (p == stop)
			break;
		const uint8_t *run = p;
		p = skip_plain(p, stop);
		text_put(t, (const char *)run, (size_t)(p - run));
		if (p == stop)
			break;
		if (*p < 0x80) {
			put_ascii_special(t, *p++, quote);
			continue;
		}
		uint32_t cp;
		size_t n = text_decode_utf8(p, end, &cp);
		if (n > 0 && p + n > stop)
			break;
		if (n > 0 && !is_invisible(cp)) {
			text_put(t, (const char *)p, n);
			p += n;
			continue;
		}
		for (n = n ? n : 1; n > 0; n--)
			put_hex_escape(t, *p++, quote);
	}
}

void text_put_json_lossy(struct text *t, const uint8_t *bytes, size_t len)
{
	const uint8_t *p = bytes;
	const uint8_t *end = bytes + len;
	while (p < end) {
		const uint8_t *run = p;
		p = skip_plain(p, end);
		text_put(t, (const char *)run, (size_t)(p - run));
		if (p == end)
			break;
		if (*p == '"' || *p == '\\') {
			text_putc(t, '\\');
			text_putc(t, (char)*p++);
		} else if (*p < 0x80) {
			static const char hex[] = "0123456789abcdef";
			char buf[] = {'\\', 'u', '0', '0', hex[*p >> 4], hex[*p & 15]};
			text_put(t, buf, sizeof(buf));
			p++;
		} else {
			uint32_t cp;
			size_t n = text_decode_utf8(p, end, &cp);
			text_put(t, n ? (const char *)p : "\\ufffd", n ? n : 6);
			p += n ? n : 1;
		}
	}
}
