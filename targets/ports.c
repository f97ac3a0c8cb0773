/* ports: port lists, text to set and back. Pure; any thread. */
#include "targets/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint16_t common_ports[] = {
#define PORT(number, service) number,
#include "targets/ports_common.def"
#undef PORT
};

/* A set under construction: list has room for every port. */
struct builder {
	struct port_set *set;
	struct diag *diag;
};

static void add_port(struct port_set *set, uint32_t port)
{
	if (port_set_has(set, (uint16_t)port))
		return;
	set->has[port >> 3] = (uint8_t)(set->has[port >> 3] | 1u << (port & 7));
	set->list[set->n++] = (uint16_t)port;
}

static void add_range(struct port_set *set, uint32_t lo, uint32_t hi)
{
	for (uint32_t port = lo; port <= hi; port++)
		add_port(set, port);
}

/* A decimal number of len digits, 1..65535, or 0. */
static uint32_t read_port(const char *text, size_t len)
{
	uint32_t v = 0;
	if (len == 0 || len > 5)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	return v <= 65535 ? v : 0;
}

/* One part between commas. */
static int add_part(struct builder *b, const char *text, size_t len)
{
	if (len == 3 && memcmp(text, "all", 3) == 0) {
		add_range(b->set, 1, 65535);
		return 0;
	}
	if (len == 6 && memcmp(text, "common", 6) == 0) {
		for (size_t i = 0; i < sizeof(common_ports) / sizeof(common_ports[0]); i++)
			add_port(b->set, common_ports[i]);
		return 0;
	}
	const char *dash = memchr(text, '-', len);
	size_t lo_len = dash ? (size_t)(dash - text) : len;
	uint32_t lo = read_port(text, lo_len);
	uint32_t hi = dash ? read_port(dash + 1, len - lo_len - 1) : lo;
	if (lo == 0 || hi == 0)
		return diag_set(b->diag, -EINVAL,
		    "'%.*s' is not a port: use 1 to 65535, LO-HI, all or common",
		    (int)(len > 32 ? 32 : len), text);
	if (lo > hi)
		return diag_set(b->diag, -EINVAL, "port range %u-%u runs backwards: write %u-%u",
		    lo, hi, hi, lo);
	add_range(b->set, lo, hi);
	return 0;
}

static int finish(struct port_set *set, struct port_set **out)
{
	uint16_t *list = realloc(set->list, set->n * sizeof(*list));
	if (list)
		set->list = list;
	*out = set;
	return 0;
}

static struct port_set *create_empty(void)
{
	struct port_set *set = calloc(1, sizeof(*set));
	if (set)
		set->list = malloc(65536 * sizeof(*set->list));
	if (set && !set->list) {
		free(set);
		set = NULL;
	}
	return set;
}

int port_set_parse(const char *text, size_t len, struct diag *diag, struct port_set **out)
{
	struct builder b = {.set = create_empty(), .diag = diag};
	if (!b.set)
		return diag_set(diag, -ENOMEM, "no memory for a port list");
	int err = 0;
	const char *end = text + len;
	for (const char *p = text; !err;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *stop = comma ? comma : end;
		err = add_part(&b, p, (size_t)(stop - p));
		if (!comma)
			break;
		p = comma + 1;
	}
	if (err) {
		port_set_destroy(b.set);
		return err;
	}
	return finish(b.set, out);
}

int port_set_union(const struct port_set *const *sets, size_t n, struct port_set **out)
{
	struct port_set *set = create_empty();
	if (!set)
		return -ENOMEM;
	for (uint32_t port = 1; port <= 65535; port++)
		for (size_t i = 0; i < n; i++)
			if (port_set_has(sets[i], (uint16_t)port))
				add_port(set, port);
	return finish(set, out);
}

void port_set_sort(struct port_set *set)
{
	set->n = 0;
	for (uint32_t port = 1; port <= 65535; port++)
		if (port_set_has(set, (uint16_t)port))
			set->list[set->n++] = (uint16_t)port;
}

void port_set_destroy(struct port_set *set)
{
	if (set) {
		free(set->list);
		free(set);
	}
}

size_t port_set_format(const struct port_set *set, char *buf, size_t cap)
{
	size_t len = 0;
	for (uint32_t i = 0; i < set->n;) {
		uint32_t j = i;
		while (j + 1 < set->n && set->list[j + 1] == set->list[j] + 1)
			j++;
		char part[16];
		size_t n = (size_t)snprintf(part, sizeof(part), j > i ? "%s%u-%u" : "%s%u",
		    i ? "," : "", set->list[i], set->list[j]);
		if (len + n < cap)
			memcpy(buf + len, part, n);
		len += n;
		i = j + 1;
	}
	if (cap > 0)
		buf[len < cap ? len : cap - 1] = '\0';
	return len;
}
