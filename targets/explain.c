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
	char line[ITEM_QUOTE_LEN], ports[ITEM_QUOTE_LEN] = "";
	item_quote(place->text, place->len, line);
	if (item->port)
		snprintf(ports, sizeof(ports), "%u", item->port);
	else if (item->ports)
		item_quote(item->ports, item->ports_len, ports);
	else
		item_quote(naming->targets->spec.ports, strlen(naming->targets->spec.ports), ports);
	if (place->file)
		snprintf(naming->text, naming->cap, "%s:%" PRIu64 ": %s (ports %s)", place->file,
		    place->line_no, line, ports);
	else
		snprintf(naming->text, naming->cap, "target %s (ports %s)", line, ports);
	return 1;
}

int targets_explain(
    const struct targets *t, const char *addr, struct diag *diag, char *text, size_t cap)
{
	struct ipaddr parsed;
	struct diag why = {""};
	char shown[IPADDR_STRLEN], rule[256], line[256] = "";
	if (ipaddr_parse(addr, strlen(addr), &parsed) < 0)
		return diag_set(diag, -EINVAL, "--explain: '%s' is not an address", addr);
	ipaddr_format(&parsed, shown);
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
