#ifndef NET_PATH_H
#define NET_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/ipaddr.h"
#include "net/hop_table.h"
#include "net/iface.h"

/* How packets of one family leave this host: interface, source, next hops. Made once at start from
 * the kernel's tables and what the user insists on; immutable after that; any thread may read. */

/* Next hops that are not an index into net_path.hops. */
enum {
	PATH_HOP_ONLINK =
	    0xffff,             /* the destination itself; on Ethernet its MAC has to be resolved */
	PATH_HOP_NONE = 0xfffe, /* no route by this interface, or its gateway does not answer */
};

enum { PATH_MAX_HOPS = 16 };

struct path_hop {
	struct ipaddr addr; /* :: when the user gave the MAC */
	uint8_t mac[IFACE_MAC_LEN];
};

struct net_path {
	bool is_v4;
	struct iface iface; /* iface.mac is what we send from: --source-mac replaces it */
	struct ipaddr source_lo, source_hi; /* one address: equal */
	bool
	    is_source_owned; /* the host owns at least one of them: its kernel answers, and resets */
	bool
	    has_unowned_source; /* at least one is nobody's: the sender answers ARP and NDP for them */
	uint32_t table;         /* kernel routing table that the rows come from */
	size_t n_routes;        /* routes of the family in that table */
	bool is_truncated;      /* more of them than HOP_TABLE_MAX_ROWS: see hop_table below */
	size_t n_hops;
	struct path_hop hops[PATH_MAX_HOPS]; /* [0]: the next hop of dst, when it has a gateway */
	/* Ethernet: longest prefix of the table's routes. Those that reject, and without --interface
	 * those by other interfaces, give PATH_HOP_NONE. Raw IP and loopback: everything
	 * PATH_HOP_ONLINK. With --gateway-mac: everything hops[0]. Too many routes: the on-link and
	 * default ones have rows, all others take the next hop of dst. */
	struct hop_table next_hops;
};

/* What the user insists on; pointers are borrowed for the call. */
struct net_path_wish {
	bool is_v4;        /* family */
	struct ipaddr dst; /* a destination that stands for all: its route picks the interface */
	const char *interface; /* NULL: the one that the route to dst leaves by */
	bool has_source;
	struct ipaddr source_lo, source_hi; /* with has_source; must be of the family, lo <= hi */
	const uint8_t *gateway_mac; /* 6 bytes; NULL: from the route and the neighbour table */
	const uint8_t *source_mac;  /* 6 bytes; NULL: the interface's */
};

/* Finds the path.
 *   wish    see above
 *   out     filled on success, untouched on failure; no ownership inside
 *   diag    the reason and the way out in one line
 * Returns 0, -ENODEV (unknown interface), -ENETDOWN (interface is down), -EADDRNOTAVAIL (no source
 * address of the family), -ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL (no route, or one of
 * another kind than the wish), -ETIMEDOUT (the gateway does not answer), or netlink's error.
 * Blocks up to 4 s when a gateway's MAC has to be resolved. Warns (log) about what it leaves out. */
int net_path_create(const struct net_path_wish *wish, struct net_path *out, struct diag *diag)
    __attribute__((warn_unused_result));

/* An address on one of the host's links (of interface, when it is not NULL), to look at when targets
 * are not known yet and there is no default route. Returns 0, or a negative errno when there is no
 * such link. */
int net_path_find_onlink(const char *interface, bool is_v4, struct ipaddr *out)
    __attribute__((warn_unused_result));

/* The next hop of dst: an index into path->hops, PATH_HOP_ONLINK or PATH_HOP_NONE. dst must be of
 * the path's family. O(log routes), no system call. */
static inline hop_idx_t net_path_next_hop(const struct net_path *path, const struct ipaddr *dst)
{
	return hop_table_find(&path->next_hops, dst);
}

#endif
