/* explain: why an address would be probed or not. Main thread; reads the input again, because sets do
 * not remember who named them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "targets/exclude.h"
#include "targets/internal.h"
#include "targets/item.h"
#include "targets/load.h"
#include "targets/resolve.h"

struct naming {
	const struct targets *targets;
	struct u128 addr;
	uint16_t port;    /* 0: any */
	const char *host; /* what was asked for is an address of this name; NULL: of none */
	size_t host_len;
	bool is_on_other_ports; /* text names a line that has the address, but not the port */
	char *text;
	size_t cap;
	size_t n_names;
};

static bool covers(const struct naming *naming, const struct item *item)
{
	struct u128 addr = naming->addr;
	if (item->kind == ITEM_NAME)
		return naming->host && item->name_len == naming->host_len &&
		       strncasecmp(item->name, naming->host, item->name_len) == 0;
	if (u128_lt(addr, item->range.lo) || u128_lt(item->range.hi, addr))
		return false;
	const struct iid_set *iid = &naming->targets->iid;
	if (!naming->targets->has_iid || !iid_applies(item))
		return true;
	for (size_t i = 0; i < iid->n; i++)
		if (addr.lo >= iid->pattern[i].lo && addr.lo <= iid->pattern[i].hi)
			return true;
	return false;
}

/* The ports of the item, as a list; a long one ends in "...". */
static void format_ports(
    const struct naming *naming, const struct item *item, char *buf, size_t cap)
{
	const char *text = item->ports ? item->ports : naming->targets->spec.ports;
	size_t len = item->ports ? item->ports_len : strlen(text ? text : "");
	struct port_set *set = NULL;
	if (item->port) {
		snprintf(buf, cap, "%u", item->port);
	} else if (!text || port_set_parse(text, len, NULL, &set)) {
		snprintf(buf, cap, "unknown");
	} else if (port_set_format(set, buf, cap) >= cap) {
		memcpy(buf + cap - 4, "...", 4);
	}
	port_set_destroy(set);
}

/* Does the line name the port that was asked for? */
static bool has_port(const struct naming *naming, const struct item *item)
{
	const char *text = item->ports ? item->ports : naming->targets->spec.ports;
	size_t len = item->ports ? item->ports_len : strlen(text ? text : "");
	struct port_set *set = NULL;
	if (naming->port == 0 || item->port == naming->port)
		return true;
	if (item->port || !text || port_set_parse(text, len, NULL, &set))
		return false;
	bool is_there = port_set_has(set, naming->port);
	port_set_destroy(set);
	return is_there;
}

static int find_line(
    void *context, const struct item *item, const struct load_place *place, struct diag *diag)
{
	struct naming *naming = context;
	(void)diag;
	if (!covers(naming, item)) {
		naming->n_names += item->kind == ITEM_NAME;
		return 0;
	}
	if (naming->is_on_other_ports && !has_port(naming, item))
		return 0; /* one is enough */
	char line[ITEM_QUOTE_LEN], range[ITEM_STRLEN], ports[64];
	item_quote(place->text, place->len, line);
	if (item->kind == ITEM_NAME)
		snprintf(range, sizeof(range), "a host name");
	else
		item_format_range(&item->range, range);
	format_ports(naming, item, ports, sizeof(ports));
	if (place->file)
		snprintf(naming->text, naming->cap, "%s:%" PRIu64 ": %s, that is %s on ports %s",
		    place->file, place->line_no, line, range, ports);
	else
		snprintf(naming->text, naming->cap, "target %s, that is %s on ports %s", line,
		    range, ports);
	naming->is_on_other_ports = !has_port(naming, item);
	return !naming->is_on_other_ports;
}

/* The sentence about one address. */
static int explain_address(
    const struct targets *t, struct naming *naming, struct diag *diag, char *text, size_t cap)
{
	struct diag why = {""};
	char shown[IPADDR_STRLEN + 32], addr_text[IPADDR_STRLEN], rule[256], line[512] = "";
	struct ipaddr addr = u128_to_addr(naming->addr);
	ipaddr_format(&addr, addr_text);
	snprintf(shown, sizeof(shown), "%s", addr_text);
	if (naming->port)
		snprintf(shown, sizeof(shown), ipaddr_is_v4(&addr) ? "%s:%u" : "[%s]:%u", addr_text,
		    naming->port);
	naming->text = line;
	naming->cap = sizeof(line);
	int is_excluded = exclude_explain(&t->spec, naming->addr, diag, rule, sizeof(rule));
	if (is_excluded < 0)
		return is_excluded;
	int is_named = load_visit(&t->spec, find_line, naming, &why);
	if (is_named < 0)
		return diag_set(diag, is_named, "%s", why.text);
	const char *note =
	    naming->n_names > 0 ? " (host names in the lists were not looked up)" : "";
	if (is_excluded)
		snprintf(text, cap, "%s: not probed: excluded by %s", shown, rule);
	else if (!is_named && naming->is_on_other_ports)
		snprintf(
		    text, cap, "%s: not probed: the address is named by %s%s", shown, line, note);
	else if (!is_named)
		snprintf(text, cap, "%s: not probed: no target names it%s", shown, note);
	else
		snprintf(text, cap, "%s: probed: named by %s%s%s", shown, line, rule[0] ? "; " : "",
		    rule);
	return is_excluded || !is_named;
}

/* A sentence for each address of a name; 0 when one of them would be probed. */
static int explain_host(
    const struct targets *t, const struct item *asked, struct diag *diag, char *text, size_t cap)
{
	struct resolver *resolver;
	struct resolve_job *job = NULL;
	const struct ipaddr *addrs;
	const char *why;
	if (resolver_create(&resolver))
		return diag_set(diag, -ENOMEM, "--explain: no memory");
	int result = resolver_submit(resolver, asked->name, asked->name_len, &job);
	if (result) {
		resolver_destroy(resolver);
		return diag_set(diag, result, "--explain: cannot look up the name");
	}
	resolver_poll(resolver, job, true);
	size_t n = resolve_job_addrs(job, &addrs, &why), len = 0;
	result = n == 0 ? diag_set(diag, -EADDRNOTAVAIL, "--explain: %.*s has no address: %s",
			      (int)asked->name_len, asked->name, why)
			: 1;
	for (size_t i = 0; i < n && result >= 0 && len + 1 < cap; i++) {
		struct naming naming = {.targets = t,
		    .addr = u128_from_addr(&addrs[i]),
		    .port = asked->port,
		    .host = asked->name,
		    .host_len = asked->name_len};
		if (i > 0)
			len += (size_t)snprintf(text + len, cap - len, "\n");
		int is_out = explain_address(t, &naming, diag, text + len, cap - len);
		len += strlen(text + len);
		result = is_out < 0 ? is_out : result && is_out;
	}
	resolve_job_release(resolver, job);
	resolver_destroy(resolver);
	return result;
}

int targets_explain(
    const struct targets *t, const char *asked, struct diag *diag, char *text, size_t cap)
{
	struct item item;
	struct diag why = {""};
	if (item_parse(asked, strlen(asked), &item, NULL, &why))
		return diag_set(diag, -EINVAL, "--explain: %s", why.text);
	if (item.ports || (item.kind == ITEM_RANGE && !u128_eq(item.range.lo, item.range.hi)))
		return diag_set(diag, -EINVAL,
		    "--explain: '%.60s' is more than one target: name one address or host, and one "
		    "port or none",
		    asked);
	for (size_t i = 0; i < t->spec.n_files + t->spec.n_exclude_files; i++) {
		const char *file = i < t->spec.n_files ? t->spec.files[i]
						       : t->spec.exclude_files[i - t->spec.n_files];
		if (strcmp(file, "-") == 0)
			return diag_set(diag, -ESPIPE,
			    "--explain reads the lists again: name a file instead of stdin");
	}
	if (item.kind == ITEM_NAME)
		return explain_host(t, &item, diag, text, cap);
	struct naming naming = {.targets = t, .addr = item.range.lo, .port = item.port};
	return explain_address(t, &naming, diag, text, cap);
}
