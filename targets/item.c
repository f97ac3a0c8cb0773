/* item: the grammar of one target or exclusion. Pure; any thread. Accepts text of any bytes and
 * length; refuses zone ids, host bits it cannot mask, and numbers that only look like addresses.
 * Sources: RFC 4632 (CIDR), RFC 4291 section 2.2 and 2.3 (IPv6 text), RFC 3986 section 3.2.2
 * (brackets), RFC 1123 section 2.1 (host names). */
#include "targets/item.h"

#include <errno.h>
#include <string.h>

#include "targets/ports.h"

/* A piece of the text and where it began. */
struct span {
	const char *p;
	size_t len;
};

struct parser {
	const char *text; /* the whole item, for columns */
	size_t *column;
	struct diag *diag;
};

static int fail_at(struct parser *ps, struct span at)
{
	if (ps->column)
		*ps->column = (size_t)(at.p - ps->text);
	return -EINVAL;
}

#define FAIL(ps, at, ...) (diag_set((ps)->diag, -EINVAL, __VA_ARGS__), fail_at(ps, at))

const char *item_quote(const char *text, size_t len, char buf[ITEM_QUOTE_LEN])
{
	size_t n = len > 40 ? 40 : len;
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
	memcpy(buf + n, len > n ? "..." : "", len > n ? 4 : 1);
	return buf;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, digits, '-', '_' and dots, labels of 1..63, the last one not a number. */
static bool is_host_name(struct span s)
{
	if (s.len == 0 || s.len > 254)
		return false;
	if (s.p[s.len - 1] == '.')
		s.len--;
	size_t label = 0;
	bool is_number = true;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			is_number = true;
			continue;
		}
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!is_letter && !is_digit(c) && !(c == '-' && label > 0))
			return false;
		if (is_letter || c == '-')
			is_number = false;
		if (++label > 63)
			return false;
	}
	return label > 0 && !is_number;
}

/* Does it consist of what only addresses are made of? Then it is a bad address, not a host name. */
static bool looks_like_v4(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.p[i]) && s.p[i] != '.')
			return false;
	return true;
}

static int bad_address(struct parser *ps, struct span s)
{
	char quoted[ITEM_QUOTE_LEN];
	item_quote(s.p, s.len, quoted);
	if (s.len == 0)
		return FAIL(ps, s, "an address is missing here");
	if (memchr(s.p, '%', s.len))
		return FAIL(ps, s,
		    "'%s' has a zone: leave out the %% and what follows, and choose the interface with -i",
		    quoted);
	if (memchr(s.p, ':', s.len))
		return FAIL(ps, s, "'%s' is not an IPv6 address (RFC 4291), nor HOST:PORT", quoted);
	if (looks_like_v4(s))
		return FAIL(ps, s,
		    "'%s' is not an IPv4 address: four numbers 0 to 255 without leading zeros",
		    quoted);
	return FAIL(ps, s, "'%s' is neither an address nor a host name", quoted);
}

static int parse_address(struct parser *ps, struct span s, struct u128 *out)
{
	struct ipaddr addr;
	if (ipaddr_parse(s.p, s.len, &addr) < 0)
		return bad_address(ps, s);
	*out = u128_from_addr(&addr);
	return 0;
}

/* ADDRESS/LENGTH; host bits are cleared. */
static int parse_prefix(struct parser *ps, struct span s, const char *slash, struct item *out)
{
	struct span addr = {s.p, (size_t)(slash - s.p)};
	struct span digits = {slash + 1, s.len - addr.len - 1};
	int err = parse_address(ps, addr, &out->range.lo);
	if (err)
		return err;
	/* A mapped prefix (::ffff:192.0.2.0/120) counts in IPv6 bits, a dotted quad in IPv4 bits. */
	bool is_v4 = !memchr(addr.p, ':', addr.len);
	unsigned max = is_v4 ? 32 : 128, len = 0;
	bool is_number = digits.len > 0 && digits.len <= 3;
	for (size_t i = 0; i < digits.len && is_number; i++) {
		is_number =
		    is_digit(digits.p[i]) && !(i == 0 && digits.p[0] == '0' && digits.len > 1);
		len = len * 10 + (unsigned)(digits.p[i] - '0');
	}
	char quoted[ITEM_QUOTE_LEN];
	if (!is_number || len > max)
		return FAIL(ps, digits, "/%s is not an IPv%d prefix length: use 0 to %u",
		    item_quote(digits.p, digits.len, quoted), is_v4 ? 4 : 6, max);
	out->prefix_len = (uint8_t)(is_v4 ? len + 96 : len);
	struct u128 host = u128_low_mask(128u - out->prefix_len);
	out->range.lo.hi &= ~host.hi;
	out->range.lo.lo &= ~host.lo;
	out->range.hi = u128_add(out->range.lo, host);
	return 0;
}

/* ADDRESS-ADDRESS. */
static int parse_range(struct parser *ps, struct span s, const char *dash, struct item *out)
{
	struct span from = {s.p, (size_t)(dash - s.p)};
	struct span to = {dash + 1, s.len - from.len - 1};
	int err = parse_address(ps, from, &out->range.lo);
	if (!err)
		err = parse_address(ps, to, &out->range.hi);
	if (err)
		return err;
	if (u128_is_v4(out->range.lo) != u128_is_v4(out->range.hi))
		return FAIL(ps, to, "a range cannot go from one address family to the other");
	if (u128_lt(out->range.hi, out->range.lo))
		return FAIL(ps, to, "the range runs backwards: write the lower address first");
	out->prefix_len = u128_eq(out->range.lo, out->range.hi) ? 128 : ITEM_NOT_PREFIX;
	return 0;
}

/* The part without ports. */
static int parse_hosts(struct parser *ps, struct span s, struct item *out)
{
	out->kind = ITEM_RANGE;
	struct ipaddr addr;
	if (ipaddr_parse(s.p, s.len, &addr) == 0) {
		out->range.lo = out->range.hi = u128_from_addr(&addr);
		out->prefix_len = 128;
		return 0;
	}
	const char *slash = memchr(s.p, '/', s.len);
	if (slash)
		return parse_prefix(ps, s, slash, out);
	const char *dash = memchr(s.p, '-', s.len);
	struct span before = {s.p, dash ? (size_t)(dash - s.p) : 0};
	if (dash && (ipaddr_parse(before.p, before.len, &addr) == 0 || memchr(s.p, ':', s.len)))
		return parse_range(ps, s, dash, out);
	if (!is_host_name(s))
		return bad_address(ps, s);
	out->kind = ITEM_NAME;
	out->name = s.p;
	out->name_len = s.len;
	return 0;
}

static int parse_ports(struct parser *ps, struct span s, struct item *out)
{
	uint32_t port = 0;
	bool is_number = s.len > 0 && s.len <= 5;
	for (size_t i = 0; i < s.len && is_number; i++) {
		is_number = is_digit(s.p[i]);
		port = port * 10 + (uint32_t)(s.p[i] - '0');
	}
	if (is_number && port >= 1 && port <= 65535) {
		out->port = (uint16_t)port;
		return 0;
	}
	struct port_set *set;
	int err = port_set_parse(s.p, s.len, ps->diag, &set);
	if (err)
		return fail_at(ps, s);
	if (set->n == 1) {
		out->port = set->list[0];
	} else {
		out->ports = s.p;
		out->ports_len = s.len;
	}
	port_set_destroy(set);
	return 0;
}

/* "[v6]" or "[v6]:PORTS". */
static int parse_bracketed(struct parser *ps, struct span s, struct item *out)
{
	const char *close = memchr(s.p, ']', s.len);
	if (!close)
		return FAIL(ps, s, "the bracket is never closed: write [ADDRESS]:PORT");
	struct span hosts = {s.p + 1, (size_t)(close - s.p) - 1};
	struct span rest = {close + 1, s.len - hosts.len - 2};
	if (!memchr(hosts.p, ':', hosts.len))
		return FAIL(ps, hosts, "brackets are for IPv6 addresses only");
	int err = parse_hosts(ps, hosts, out);
	if (err || rest.len == 0)
		return err;
	if (rest.p[0] != ':')
		return FAIL(ps, rest, "after the bracket only :PORT may follow");
	return parse_ports(ps, (struct span){rest.p + 1, rest.len - 1}, out);
}

int item_parse(const char *text, size_t len, struct item *out, size_t *column, struct diag *diag)
{
	struct parser ps = {.text = text, .column = column, .diag = diag};
	struct span s = {text, len};
	memset(out, 0, sizeof(*out));
	if (len == 0)
		return FAIL(&ps, s, "a target is missing here");
	if (text[0] == '[')
		return parse_bracketed(&ps, s, out);
	/* One colon separates a port; more make an IPv6 address. */
	const char *colon = memchr(text, ':', len);
	if (colon && !memchr(colon + 1, ':', len - (size_t)(colon - text) - 1)) {
		size_t n = (size_t)(colon - text);
		int err = parse_hosts(&ps, (struct span){text, n}, out);
		return err ? err : parse_ports(&ps, (struct span){colon + 1, len - n - 1}, out);
	}
	return parse_hosts(&ps, s, out);
}

/* The prefix length when the range is a prefix, else -1. */
static int prefix_len_of(const struct range *range)
{
	struct u128 x = {range->lo.hi ^ range->hi.hi, range->lo.lo ^ range->hi.lo};
	unsigned n_host = x.hi   ? 128 - (unsigned)__builtin_clzll(x.hi)
			  : x.lo ? 64 - (unsigned)__builtin_clzll(x.lo)
				 : 0;
	struct u128 mask = u128_low_mask(n_host);
	bool is_prefix =
	    u128_eq(x, mask) && (range->lo.hi & mask.hi) == 0 && (range->lo.lo & mask.lo) == 0;
	return is_prefix ? (int)(128 - n_host) : -1;
}

size_t item_format_range(const struct range *range, char buf[ITEM_STRLEN])
{
	struct ipaddr lo = u128_to_addr(range->lo), hi = u128_to_addr(range->hi);
	size_t n = ipaddr_format(&lo, buf);
	int len = prefix_len_of(range);
	if (len == 128)
		return n;
	if (len < 0) {
		buf[n++] = '-';
		return n + ipaddr_format(&hi, buf + n);
	}
	unsigned shown = (unsigned)len - (ipaddr_is_v4(&lo) ? 96 : 0);
	buf[n++] = '/';
	if (shown >= 100)
		buf[n++] = '1';
	if (shown >= 10)
		buf[n++] = (char)('0' + shown / 10 % 10);
	buf[n++] = (char)('0' + shown % 10);
	buf[n] = '\0';
	return n;
}
