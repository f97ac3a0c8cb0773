/* ipaddr: addresses of both families as 16 bytes. Pure; any thread.
 * Sources: RFC 4291 section 2.2 and 2.5.5.2 (text, mapped form), RFC 5952 (canonical text). */
#include "base/ipaddr.h"

#include <errno.h>
#include <string.h>

int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* Four decimal numbers without leading zeros; exactly the bytes p..end. */
static bool parse_v4(const char *p, const char *end, uint8_t out[4])
{
	for (unsigned part = 0; part < 4; part++) {
		const char *start = p;
		unsigned v = 0;
		while (p < end && p - start < 3 && (unsigned)(*p - '0') <= 9)
			v = v * 10 + (unsigned)(*p++ - '0');
		if (p == start || v > 255 || (*start == '0' && p - start > 1))
			return false;
		out[part] = (uint8_t)v;
		if (part < 3 && (p == end || *p++ != '.'))
			return false;
	}
	return p == end;
}

static int hex_value(char c)
{
	unsigned digit = (unsigned)(c - '0'), letter = (unsigned)((c | 0x20) - 'a');
	if (digit < 10)
		return (int)digit;
	return letter < 6 ? (int)letter + 10 : -1;
}

/* Groups of at most four hex digits, "::" once for one zero group or more, a dotted quad at the end
 * allowed; exactly the bytes p..end. */
static bool parse_v6(const char *p, const char *end, uint8_t out[16])
{
	uint16_t group[8];
	unsigned n = 0;
	int gap = -1; /* groups before the "::" */
	if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
		gap = 0;
		p += 2;
	}
	while (p < end) {
		const char *start = p;
		unsigned v = 0;
		int h;
		while (p < end && p - start < 4 && (h = hex_value(*p)) >= 0) {
			v = v << 4 | (unsigned)h;
			p++;
		}
		if (p == start || n == 8)
			return false;
		if (p < end && *p == '.') {
			uint8_t v4[4];
			if (n > 6 || !parse_v4(start, end, v4))
				return false;
			group[n++] = (uint16_t)(v4[0] << 8 | v4[1]);
			group[n++] = (uint16_t)(v4[2] << 8 | v4[3]);
			break;
		}
		group[n++] = (uint16_t)v;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap >= 0)
				return false;
			gap = (int)n;
			p++;
		}
	}
	if (gap < 0 ? n != 8 : n > 7)
		return false;
	unsigned n_before = gap < 0 ? 8 : (unsigned)gap, n_after = n - (gap < 0 ? 8 : n_before);
	memset(out, 0, 16);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = i < n_before ? i : 8 - n_after + (i - n_before);
		out[2 * at] = (uint8_t)(group[i] >> 8);
		out[2 * at + 1] = (uint8_t)group[i];
	}
	return true;
}

/* Our own instead of inet_pton(3): lists of a hundred million lines are read with it, and it needs no
 * terminating NUL. tests/unit/test_ipaddr_system.c compares the two. */
int ipaddr_parse(const char *text, size_t len, struct ipaddr *out)
{
	uint8_t b[16];
	if (len == 0 || len >= IPADDR_STRLEN)
		return -EINVAL;
	/* Four digits or fewer and a colon begin an IPv6 address. */
	bool is_v6 = false;
	for (size_t i = 0; i < len && i < 5 && !is_v6; i++)
		is_v6 = text[i] == ':';
	struct ipaddr v4 = ipaddr_from_v4(0);
	if (!is_v6 && parse_v4(text, text + len, b + 12))
		memcpy(b, v4.b, 12);
	else if (!parse_v6(text, text + len, b))
		return -EINVAL;
	memcpy(out->b, b, sizeof(b));
	return 0;
}

/* Each octet in three characters, then how many of them count: printing /8s is a benchmark of ours. */
static const char octets[] = "0  11  12  13  14  15  16  17  1"
			     "8  19  110 211 212 213 214 215 2"
			     "16 217 218 219 220 221 222 223 2"
			     "24 225 226 227 228 229 230 231 2"
			     "32 233 234 235 236 237 238 239 2"
			     "40 241 242 243 244 245 246 247 2"
			     "48 249 250 251 252 253 254 255 2"
			     "56 257 258 259 260 261 262 263 2"
			     "64 265 266 267 268 269 270 271 2"
			     "72 273 274 275 276 277 278 279 2"
			     "80 281 282 283 284 285 286 287 2"
			     "88 289 290 291 292 293 294 295 2"
			     "96 297 298 299 21003101310231033"
			     "10431053106310731083109311031113"
			     "11231133114311531163117311831193"
			     "12031213122312331243125312631273"
			     "12831293130313131323133313431353"
			     "13631373138313931403141314231433"
			     "14431453146314731483149315031513"
			     "15231533154315531563157315831593"
			     "16031613162316331643165316631673"
			     "16831693170317131723173317431753"
			     "17631773178317931803181318231833"
			     "18431853186318731883189319031913"
			     "19231933194319531963197319831993"
			     "20032013202320332043205320632073"
			     "20832093210321132123213321432153"
			     "21632173218321932203221322232233"
			     "22432253226322732283229323032313"
			     "23232333234323532363237323832393"
			     "24032413242324332443245324632473"
			     "24832493250325132523253325432553";

static char *format_v4(const uint8_t v4[4], char *p)
{
	for (unsigned i = 0; i < 4; i++) {
		const char *octet = octets + 4u * v4[i];
		memcpy(p, octet, 4); /* the dot overwrites what is too much */
		p += octet[3] - '0';
		*p++ = '.';
	}
	return p - 1;
}

static char *format_group(unsigned v, char *p)
{
	static const char digit[] = "0123456789abcdef";
	if (v >= 0x1000)
		*p++ = digit[v >> 12];
	if (v >= 0x100)
		*p++ = digit[v >> 8 & 15];
	if (v >= 0x10)
		*p++ = digit[v >> 4 & 15];
	*p++ = digit[v & 15];
	return p;
}

/* RFC 5952 section 4: lower case, no leading zeros, the first longest run of two zero groups or more
 * as "::". */
static char *format_v6(const uint8_t b[16], char *p)
{
	unsigned group[8], run = 0, run_len = 1, zeros = 0;
	for (unsigned i = 0; i < 8; i++) {
		group[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
		zeros = group[i] ? 0 : zeros + 1;
		if (zeros > run_len) {
			run_len = zeros;
			run = i + 1 - zeros;
		}
	}
	bool has_run = run_len > 1;
	for (unsigned i = 0; i < 8; i++) {
		if (has_run && i == run) {
			*p++ = ':';
			*p++ = ':';
			i += run_len - 1;
			continue;
		}
		if (i > 0 && !(has_run && i == run + run_len))
			*p++ = ':';
		p = format_group(group[i], p);
	}
	return p;
}

size_t ipaddr_format(const struct ipaddr *addr, char buf[IPADDR_STRLEN])
{
	char *end = ipaddr_is_v4(addr) ? format_v4(addr->b + 12, buf) : format_v6(addr->b, buf);
	*end = '\0';
	return (size_t)(end - buf);
}
