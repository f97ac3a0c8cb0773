#ifndef TARGETS_SETS_H
#define TARGETS_SETS_H

#include "base/diag.h"
#include "targets/item.h"
#include "targets/keys.h"
#include "targets/ports.h"
#include "targets/prefix_set.h"

/* The input as it is collected, before it is numbered: ranges by the port list they are crossed with,
 * single addresses and ip:port pairs packed apart. Private to targets/; one owner. */

enum { SETS_MAX_GROUPS = 64 };

struct port_group {
	struct port_set *ports;
	struct prefix_set ranges;
};

struct sets {
	struct port_group group[SETS_MAX_GROUPS]; /* [0] is that of -p; its ports may be NULL */
	size_t n_groups;
	struct keys single4, single6; /* addresses of group 0 */
	struct keys pair4, pair6;     /* address and port */
};

/* Takes ports (may be NULL: then every item must name its own). */
void sets_init(struct sets *sets, struct port_set *ports);
void sets_fini(struct sets *sets);

/* Adds a range, as item_parse() or a strategy for IPv6 made it, with the ports item names. Returns 0,
 * -ENOMEM, or -EINVAL with diag: no port is known, or too many different port lists. */
int sets_add(struct sets *sets, const struct item *item, struct diag *diag)
    __attribute__((warn_unused_result));

/* Sorts, merges, and removes what excluded (normalized) holds and what is there twice, so that ranges,
 * singles and pairs are disjoint. Returns 0 or -ENOMEM, -E2BIG (port lists). */
int sets_finish(struct sets *sets, const struct prefix_set *excluded, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
