/* explain: why an address would be probed or not. Main thread; reads the input again, because sets do
 * not remember who named them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "targets/exclude.h"
#include "targets/internal.h"
#include "targets/item.h"
#include "targets/load.h"

struct naming {
	const struct targets *targets;
	struct u128 addr;
	char *text;
	size_t cap;
	size_t n_names;
};

static bool covers(const struct naming *naming, const struct item *item)
{
	struct u128 addr = naming->addr;
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

static int find_line(
    void *context, const struct item *item, const struct load_place *place, struct diag *diag)
{
	struct naming *naming = context;
	(void)diag;
	if (item->kind == ITEM_NAME) {
		naming->n_names++;
		return 0;
	}
	if (!covers(naming, item))
		return 0;
	char line[ITEM_QUOTE_LEN], range[ITEM_STRLEN], ports[64];
	item_quote(place->text, place->len, line);
	item_format_range(&item->range, range);
	format_ports(naming, item, ports, sizeof(ports));
	if (place->file)
		snprintf(naming->text, naming->cap, "%s:%" PRIu64 ": %s, that is %s on ports %s",
		    place->file, place->line_no, line, range, ports);
	else
		snprintf(naming->text, naming->cap, "target %s, that is %s on ports %s", line,
		    range, ports);
	return 1;
}

int targets_explain(
    const struct targets *t, const char *addr, struct diag *diag, char *text, size_t cap)
{
	struct ipaddr parsed;
	struct diag why = {""};
	char shown[IPADDR_STRLEN], rule[256], line[512] = "";
	if (ipaddr_parse(addr, strlen(addr), &parsed) < 0)
		return diag_set(diag, -EINVAL, "--explain: '%s' is not an address", addr);
	ipaddr_format(&parsed, shown);
	for (size_t i = 0; i < t->spec.n_files + t->spec.n_exclude_files; i++) {
		const char *file = i < t->spec.n_files ? t->spec.files[i]
						       : t->spec.exclude_files[i - t->spec.n_files];
		if (strcmp(file, "-") == 0)
			return diag_set(diag, -ESPIPE,
			    "--explain reads the lists again: name a file instead of stdin");
	}
	struct naming naming = {
	    .targets = t, .addr = u128_from_addr(&parsed), .text = line, .cap = sizeof(line)};
	int is_excluded = exclude_explain(&t->spec, naming.addr, diag, rule, sizeof(rule));
	if (is_excluded < 0)
		return is_excluded;
	int is_named = load_visit(&t->spec, find_line, &naming, &why);
	if (is_named < 0)
		return diag_set(diag, is_named, "%s", why.text);
	const char *note = naming.n_names > 0 ? " (host names in it were not looked up)" : "";
	if (is_excluded) {
		snprintf(text, cap, "%s: not probed: excluded by %s", shown, rule);
		return 1;
	}
	if (!is_named) {
		snprintf(text, cap, "%s: not probed: no target names it%s", shown, note);
		return 1;
	}
	snprintf(text, cap, "%s: probed: named by %s%s%s", shown, line, rule[0] ? "; " : "", rule);
	return 0;
}
