#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/ipaddr.h"
#include "net/netlink.h"

/* The kernel's routes, both families, through rtnetlink. */

/* What the kernel would do with a packet. */
struct route {
	uint32_t ifindex;
	uint32_t table;        /* routing table that decided (policy routing) */
	bool is_local;         /* an address of this host */
	bool has_gateway;      /* else on-link */
	struct ipaddr gateway; /* may be of the other family (RFC 5549) */
	bool has_source;
	struct ipaddr source; /* the kernel's choice of source address */
};

/* Asks the kernel how it would send to dst.
 *   dst   destination
 *   oif   only by this interface, its name in oif_name; 0: by any
 *   src   from this source address (policy routing may look at it); NULL: not given. An address
 *         that the host does not own is fine: it is left out of the question
 * Returns 0, or with the reason and the way out in diag: -ENETUNREACH (no route), -EHOSTUNREACH,
 * -EACCES, -EINVAL (an unreachable, prohibit, blackhole route), or netlink's error. */
int route_lookup(struct netlink *nl, const struct ipaddr *dst, uint32_t oif, const char *oif_name,
    const struct ipaddr *src, struct route *out, struct diag *diag)
    __attribute__((warn_unused_result));

/* An address on one of the host's links, of which nothing else is known: for when there is no default
 * route to look at. Link-local prefixes and host routes do not count.
 *   is_v4     family
 *   ifindex   only on this interface; 0: on any
 * Returns 0, -ENETUNREACH when there is no such link, or netlink's error. */
int route_find_onlink(struct netlink *nl, bool is_v4, uint32_t ifindex, struct ipaddr *out)
    __attribute__((warn_unused_result));

/* Where a row of a routing table leads. */
enum route_way {
	ROUTE_ONLINK,
	ROUTE_GATEWAY,
	ROUTE_REJECT, /* unreachable, prohibit, blackhole, throw */
	ROUTE_OTHER,  /* by another interface */
};

/* One row of a routing table. */
struct route_row {
	struct ipaddr prefix;
	uint8_t prefix_len; /* of the family: 0..32 or 0..128 */
	enum route_way way;
	struct ipaddr gateway; /* with ROUTE_GATEWAY */
	uint32_t metric;
};

/* What route_dump found. */
struct route_rows {
	struct route_row *rows; /* the caller's */
	size_t max_rows;
	size_t n_rows;
	size_t n_total;    /* rows that the table has */
	bool is_truncated; /* n_total > max_rows: on-link and default ones were kept first */
};

/* Reads the rows of one table: alive ones, in the kernel's order; equal prefixes with several metrics
 * all appear. Of a multipath route the first path by the interface counts.
 *   is_v4     family
 *   table     from route_lookup
 *   ifindex   interface that ROUTE_OTHER does not mean
 *   out       rows and max_rows set by the caller, the rest by us
 * Returns 0 or netlink's error. Cost: one dump of the routes of the family. */
int route_dump(struct netlink *nl, bool is_v4, uint32_t table, uint32_t ifindex,
    struct route_rows *out, struct diag *diag) __attribute__((warn_unused_result));

#endif
