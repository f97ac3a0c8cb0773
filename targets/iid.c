/* iid: interface identifiers to try in IPv6 prefixes. Pure; any thread after parsing. Refuses prefixes
 * that hold more than 2^22 (/64 x pattern) pieces: such a list is no list of networks in use.
 * Sources: RFC 4291 section 2.5.1 and appendix A (modified EUI-64: ff:fe in the middle, universal bit
 * inverted), RFC 7707 section 3.1 (which identifiers are used in practice). */
#include "targets/iid.h"

#include <errno.h>
#include <string.h>

static int add(struct iid_set *set, uint64_t lo, uint64_t hi, struct diag *diag)
{
	if (set->n == IID_MAX_PATTERNS)
		return diag_set(diag, -EINVAL, "--v6-iid: more than %d patterns", IID_MAX_PATTERNS);
	set->pattern[set->n].lo = lo;
	set->pattern[set->n++].hi = hi;
	return 0;
}

static int bad(const char *p, size_t len, struct diag *diag)
{
	char quoted[ITEM_QUOTE_LEN];
	return diag_set(diag, -EINVAL,
	    "--v6-iid: '%s' is no pattern: use low:COUNT, ::A, ::A-::B or eui64:OUI (six hex digits)",
	    item_quote(p, len, quoted));
}

static int add_low(struct iid_set *set, const char *p, size_t len, struct diag *diag)
{
	uint64_t n = 0;
	if (len == 0 || len > 19)
		return bad(p, len, diag);
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return bad(p, len, diag);
		n = n * 10 + (uint64_t)(p[i] - '0');
	}
	return n == 0 ? bad(p, len, diag) : add(set, 0, n - 1, diag);
}

/* Six hex digits, with ':' or '-' between the bytes or not. */
static int add_eui64(struct iid_set *set, const char *p, size_t len, struct diag *diag)
{
	uint64_t oui = 0;
	unsigned n_digits = 0;
	for (size_t i = 0; i < len; i++) {
		char c = (char)(p[i] | 0x20);
		if ((p[i] == ':' || p[i] == '-') && n_digits > 0 && n_digits % 2 == 0 &&
		    i + 1 < len)
			continue;
		if (c >= '0' && c <= '9')
			oui = oui << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			oui = oui << 4 | (uint64_t)(c - 'a' + 10);
		else
			return bad(p, len, diag);
		n_digits++;
	}
	if (n_digits != 6)
		return bad(p, len, diag);
	uint64_t lo = (oui ^ 0x020000) << 40 | UINT64_C(0xfffe000000);
	return add(set, lo, lo | 0xffffff, diag);
}

static int add_range(struct iid_set *set, const char *p, size_t len, struct diag *diag)
{
	struct item item;
	if (item_parse(p, len, &item, NULL, NULL) || item.kind != ITEM_RANGE || item.port ||
	    item.ports || item.range.lo.hi != 0 || item.range.hi.hi != 0 || !memchr(p, ':', len) ||
	    u128_is_v4(item.range.lo) || u128_is_v4(item.range.hi))
		return bad(p, len, diag);
	return add(set, item.range.lo.lo, item.range.hi.lo, diag);
}

int iid_parse(const char *text, struct diag *diag, struct iid_set *out)
{
	out->n = 0;
	int err = 0;
	for (const char *p = text; !err;) {
		size_t len = strcspn(p, ",");
		if (len > 4 && memcmp(p, "low:", 4) == 0)
			err = add_low(out, p + 4, len - 4, diag);
		else if (len > 6 && memcmp(p, "eui64:", 6) == 0)
			err = add_eui64(out, p + 6, len - 6, diag);
		else
			err = add_range(out, p, len, diag);
		if (p[len] == '\0')
			break;
		p += len + 1;
	}
	return err;
}

long iid_count(const struct iid_set *set, const struct item *item, struct diag *diag)
{
	uint64_t n_nets_less_1 = item->range.hi.hi - item->range.lo.hi;
	if (n_nets_less_1 >= IID_MAX_PIECES / set->n)
		return diag_set(diag, -E2BIG,
		    "--v6-iid on a /%d: more than %d (/64 x pattern) pieces: name longer prefixes",
		    item->prefix_len, IID_MAX_PIECES);
	return (long)((n_nets_less_1 + 1) * set->n);
}

struct range iid_get(const struct iid_set *set, const struct item *item, size_t i)
{
	uint64_t net = item->range.lo.hi + i / set->n;
	return (struct range){
	    {net, set->pattern[i % set->n].lo}, {net, set->pattern[i % set->n].hi}};
}
