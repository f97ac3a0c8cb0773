/* filter: the capture filter's text. Pure.
 * Sources: pcap-filter(7); RFC 791; RFC 8200; RFC 792; RFC 4443; RFC 4861. */
#include "rx/filter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
	char *p;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(t->p + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->size - t->len)
		t->len = t->size - 1;
	else
		t->len += (size_t)n;
}

static void add_v4(struct text *t, const struct filter_config *c)
{
	add(t, "(ip and ip[16:4] >= 0x%08x and ip[16:4] <= 0x%08x and ", ipaddr_get_v4(&c->v4_lo),
	    ipaddr_get_v4(&c->v4_hi));
	add(t, "((tcp and tcp[2:2] >= %u and tcp[2:2] <= %u) or icmp[0] == 3", c->port_lo,
	    c->port_hi);
	/* Pieces of TCP after the first, which have no ports. */
	add(t, " or (ip[9] == 6 and ip[6:2] & 0x1fff != 0)))");
	if (c->is_ethernet)
		add(t, " or arp");
}

static void add_v6(struct text *t, const struct filter_config *c)
{
	uint64_t lo[2], hi[2];
	ipaddr_get_u64(&c->v6_lo, &lo[0], &lo[1]);
	ipaddr_get_u64(&c->v6_hi, &hi[0], &hi[1]);
	add(t, "(ip6");
	/* The filter compares 32 bits at a time: up to the first word that differs, the range is
	 * exact; the words after it are left to the cookie. */
	for (int i = 0; i < 4; i++) {
		uint32_t from = (uint32_t)(lo[i / 2] >> (i % 2 ? 0 : 32));
		uint32_t to = (uint32_t)(hi[i / 2] >> (i % 2 ? 0 : 32));
		add(t, " and ip6[%d:4] >= 0x%08x and ip6[%d:4] <= 0x%08x", 24 + 4 * i, from,
		    24 + 4 * i, to);
		if (from != to)
			break;
	}
	add(t, " and (");
	add(t, "(ip6[6] == 6 and ip6[42:2] >= %u and ip6[42:2] <= %u)", c->port_lo, c->port_hi);
	add(t, " or (ip6[6] == 58 and (ip6[40] == 1 or ip6[40] == 2 or ip6[40] == 136))");
	/* Hop-by-hop, routing, fragment, authentication, destination options: looked into later. */
	add(t, " or ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 or ip6[6] == 51 or ip6[6] == 60))");
	if (c->is_ethernet)
		add(t, " or (ip6 and ip6[6] == 58 and (ip6[40] == 135 or ip6[40] == 136))");
}

int filter_build(const struct filter_config *c, char *text, size_t size)
{
	struct text t = {.p = text, .size = size};
	text[0] = '\0';
	if (c->has_v4)
		add_v4(&t, c);
	if (c->has_v4 && c->has_v6)
		add(&t, " or ");
	if (c->has_v6)
		add_v6(&t, c);
	return t.len >= size - 1 ? -ENOSPC : 0;
}
