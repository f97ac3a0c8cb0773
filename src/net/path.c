/* path: composes interface, route, addresses and neighbours into what the sender needs. Stateless;
 * before the packet threads start. Refuses to send where the kernel would not, unless the user says
 * how (--interface, --source-ip, --gateway-mac). Source: DESIGN.md sections 1 and 2.9. */
#include "net/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/neighbour.h"
#include "net/netlink.h"
#include "net/route.h"

/* The kernel gives up after three questions a second apart (neigh/default/mcast_solicit,
 * retrans_time_ms). */
#define RESOLVE_TIMEOUT_NS (3500 * NS_PER_MS)

static const char *family_name(bool is_v4)
{
	return is_v4 ? "IPv4" : "IPv6";
}

static int check_up(const struct iface *iface, struct diag *diag)
{
	if (!iface->is_up)
		return diag_set(diag, -ENETDOWN,
		    "%s is down: ip link set %s up, or name another --interface", iface->name,
		    iface->name);
	if (!iface->has_carrier)
		return diag_set(diag, -ENETDOWN,
		    "%s has no carrier: connect its other end, or name another --interface",
		    iface->name);
	return 0;
}

/* No source address, or one that answers cannot reach. */
static int no_source(struct netlink *nl, const struct net_path *p, struct diag *diag)
{
	struct iface_addrs count;
	struct ipaddr zero = p->is_v4 ? ipaddr_from_v4(0) : ipaddr_from_u64(0, 0);
	int err = iface_count_addrs(nl, &zero, &zero, p->iface.ifindex, &count, diag);
	if (err)
		return err;
	const char *family = family_name(p->is_v4), *name = p->iface.name;
	if (count.n_usable == 0 && count.n_tentative > 0)
		return diag_set(diag, -EADDRNOTAVAIL,
		    "%s: its %s address is still tentative (duplicate address detection): wait a "
		    "moment, see ip addr show %s",
		    name, family, name);
	if (count.n_usable == 0 && count.n_link_local > 0)
		return diag_set(diag, -EADDRNOTAVAIL,
		    "%s has a link-local %s address only: add a routable one (ip addr add), or give "
		    "--source-ip",
		    name, family);
	if (count.n_usable == 0)
		return diag_set(diag, -EADDRNOTAVAIL,
		    "%s has no %s address: add one (ip addr add), or give --source-ip", name,
		    family);
	return 0;
}

/* The host's own addresses are reached by the loopback interface, and nothing else is. */
static int check_local(const struct net_path_wish *wish, const struct net_path *p,
    const struct route *route, struct diag *diag)
{
	static const struct ipaddr v6_loopback = {.b = {[15] = 1}};
	bool is_on_lo = wish->interface && p->iface.kind == IFACE_LOOPBACK;
	char text[IPADDR_STRLEN];
	ipaddr_format(&wish->dst, text);
	if (!route->is_local && is_on_lo)
		return diag_set(diag, -ENETUNREACH,
		    "no route to %s by %s: it reaches this host's own addresses only", text,
		    p->iface.name);
	if (!route->is_local || is_on_lo)
		return 0;
	bool is_loopback =
	    wish->is_v4 ? wish->dst.b[12] == 127 : ipaddr_equal(&wish->dst, &v6_loopback);
	if (is_loopback && !wish->interface)
		return 0;
	return diag_set(diag, -EINVAL,
	    "%s is an address of this host: scan it with --interface lo, or from another host",
	    text);
}

/* With interface, source and gateway MAC (which a link without Ethernet does not need) named, the
 * user has said everything that a route would. */
static bool needs_no_route(const struct net_path_wish *wish, const struct iface *iface)
{
	return wish->interface && wish->has_source &&
	       (wish->gateway_mac || iface->kind != IFACE_ETHERNET);
}

/* Finds interface and route. On success p->iface is known; *has_route tells whether *route is. */
static int find_route(struct netlink *nl, const struct net_path_wish *wish, struct net_path *p,
    struct route *route, bool *has_route, struct diag *diag)
{
	uint32_t oif = 0;
	if (wish->interface) {
		int err = iface_get_by_name(nl, wish->interface, &p->iface, diag);
		if (!err)
			err = check_up(&p->iface, diag);
		if (err)
			return err;
		/* The host's own addresses are local to whatever interface carries them, and the
		 * kernel finds no route to them by lo when asked for it. */
		oif = p->iface.kind == IFACE_LOOPBACK ? 0 : p->iface.ifindex;
	}
	int err = route_lookup(nl, &wish->dst, oif, wish->interface,
	    wish->has_source ? &wish->source_lo : NULL, route, diag);
	*has_route = !err;
	if (err && needs_no_route(wish, &p->iface))
		return 0;
	if (err && wish->interface && !wish->has_source) {
		/* A missing address is the usual reason for a missing route: name the cause. */
		int cause = no_source(nl, p, diag);
		return cause ? cause : err;
	}
	if (err)
		return err;
	err = check_local(wish, p, route, diag);
	if (err || wish->interface)
		return err;
	err = iface_get_by_index(nl, route->ifindex, &p->iface, diag);
	return err ? err : check_up(&p->iface, diag);
}

/* Settles the source range and whose it is. */
static int find_source(struct netlink *nl, const struct net_path_wish *wish,
    const struct route *route, struct net_path *p, struct diag *diag)
{
	if (wish->has_source) {
		p->source_lo = wish->source_lo;
		p->source_hi = wish->source_hi;
	} else {
		bool is_useless = !route->has_source || (ipaddr_is_link_local(&route->source) &&
							    !ipaddr_is_link_local(&wish->dst));
		int err = is_useless ? no_source(nl, p, diag) : 0;
		if (err)
			return err;
		if (!route->has_source)
			return diag_set(diag, -EADDRNOTAVAIL,
			    "%s: the kernel has no %s source address for this route: give --source-ip",
			    p->iface.name, family_name(p->is_v4));
		p->source_lo = p->source_hi = route->source;
	}
	struct iface_addrs count;
	int err =
	    iface_count_addrs(nl, &p->source_lo, &p->source_hi, p->iface.ifindex, &count, diag);
	if (err)
		return err;
	uint64_t lo_hi, lo_lo, hi_hi, hi_lo;
	ipaddr_get_u64(&p->source_lo, &lo_hi, &lo_lo);
	ipaddr_get_u64(&p->source_hi, &hi_hi, &hi_lo);
	p->is_source_owned = count.n_owned > 0;
	/* The subtraction cannot wrap: within one upper half lo <= hi. */
	p->has_unowned_source = lo_hi != hi_hi || hi_lo - lo_lo >= count.n_owned;
	return 0;
}

/* The index of a gateway in p->hops, added when new; PATH_HOP_NONE when there is no room. */
static hop_idx_t hop_intern(struct net_path *p, const struct ipaddr *addr)
{
	for (size_t i = 0; i < p->n_hops; i++) {
		if (ipaddr_equal(&p->hops[i].addr, addr))
			return (hop_idx_t)i;
	}
	if (p->n_hops == PATH_MAX_HOPS)
		return PATH_HOP_NONE;
	p->hops[p->n_hops].addr = *addr;
	return (hop_idx_t)p->n_hops++;
}

/* Resolves p->hops. The first one, when dst needs it, has to answer; a row by another one that does
 * not is set to PATH_HOP_NONE. */
static int resolve_hops(struct netlink *nl, struct net_path *p, bool is_first_needed,
    struct hop_row *rows, size_t n_rows, struct diag *diag)
{
	struct neighbour nbrs[PATH_MAX_HOPS] = {0};
	if (p->n_hops == 0)
		return 0;
	for (size_t i = 0; i < p->n_hops; i++)
		nbrs[i].addr = p->hops[i].addr;
	int err = neighbour_resolve(nl, &p->iface, nbrs, p->n_hops, RESOLVE_TIMEOUT_NS, diag);
	if (err)
		return err;
	for (size_t i = 0; i < p->n_hops; i++) {
		char text[IPADDR_STRLEN];
		memcpy(p->hops[i].mac, nbrs[i].mac, IFACE_MAC_LEN);
		if (nbrs[i].is_resolved)
			continue;
		ipaddr_format(&p->hops[i].addr, text);
		if (i == 0 && is_first_needed)
			return diag_set(diag, -ETIMEDOUT,
			    "the gateway %s does not answer %s on %s: see ip neigh show dev %s, or "
			    "give --gateway-mac",
			    text,
			    ipaddr_is_v4(&p->hops[i].addr) ? "ARP" : "neighbour solicitations",
			    p->iface.name, p->iface.name);
		log_warn("the gateway %s on %s does not answer: targets behind it are unreachable",
		    text, p->iface.name);
		for (size_t k = 0; k < n_rows; k++) {
			if (rows[k].hop == i)
				rows[k].hop = PATH_HOP_NONE;
		}
	}
	return 0;
}

/* The next hop that a route means for us. */
static hop_idx_t hop_from_route(struct net_path *p, const struct route_row *r)
{
	switch (r->way) {
	case ROUTE_ONLINK:
		return PATH_HOP_ONLINK;
	case ROUTE_GATEWAY:
		return hop_intern(p, &r->gateway);
	case ROUTE_REJECT:
	case ROUTE_OTHER:
		break;
	}
	return PATH_HOP_NONE;
}

/* Turns routes into rows of next hops, returns how many. Our own interface's rows come first, since
 * of equal prefixes and metrics the first one wins. has_choice: the user named the interface, so
 * that what other interfaces would carry goes by this one. */
static size_t rows_from_routes(struct net_path *p, const struct route_rows *routes, bool has_choice,
    hop_idx_t fallback, struct hop_row *rows)
{
	bool is_crowded = false;
	size_t n = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < routes->n_rows; i++) {
			const struct route_row *r = &routes->rows[i];
			bool is_other = r->way == ROUTE_OTHER;
			if (is_other != (pass == 1) || (is_other && has_choice))
				continue;
			hop_idx_t hop = hop_from_route(p, r);
			if (hop == PATH_HOP_NONE && r->way == ROUTE_GATEWAY) {
				is_crowded = true;
				hop = fallback;
			}
			rows[n++] = (struct hop_row){.prefix = r->prefix,
			    .prefix_len = (uint8_t)(r->prefix_len + (p->is_v4 ? 96 : 0)),
			    .hop = hop,
			    .metric = r->metric};
		}
	}
	if (routes->is_truncated)
		log_warn("there are %zu %s routes, more than %d: targets outside the on-link ones "
			 "take the default next hop on %s",
		    routes->n_total, family_name(p->is_v4), HOP_TABLE_MAX_ROWS, p->iface.name);
	if (is_crowded)
		log_warn("%s has more than %d %s gateways: targets behind the others take the "
			 "default next hop",
		    p->iface.name, PATH_MAX_HOPS, family_name(p->is_v4));
	return n;
}

/* Ethernet with a route: a row a route, gateways resolved. */
static int find_hops(struct netlink *nl, const struct route *route, bool has_choice,
    struct net_path *p, struct diag *diag)
{
	struct route_rows routes = {.max_rows = HOP_TABLE_MAX_ROWS};
	struct hop_row *rows = NULL;
	routes.rows = calloc(HOP_TABLE_MAX_ROWS, sizeof(*routes.rows));
	rows = calloc(HOP_TABLE_MAX_ROWS, sizeof(*rows));
	int err = -ENOMEM;
	if (!routes.rows || !rows) {
		diag_set(diag, err, "out of memory");
		goto out;
	}
	err = route_dump(nl, p->is_v4, route->table, p->iface.ifindex, &routes, diag);
	if (err)
		goto out;
	hop_idx_t hop =
	    route->has_gateway ? hop_intern(p, &route->gateway) : (hop_idx_t)PATH_HOP_ONLINK;
	/* A whole main table knows what has no route; a cut one, or one of policy routing, does not. */
	bool is_whole = !routes.is_truncated && route->table == RT_TABLE_MAIN;
	size_t n_rows = rows_from_routes(p, &routes, has_choice, hop, rows);
	err = resolve_hops(nl, p, route->has_gateway, rows, n_rows, diag);
	if (err)
		goto out;
	p->table = route->table;
	p->n_routes = routes.n_total;
	p->is_truncated = routes.is_truncated;
	hop_table_build(&p->next_hops, rows, n_rows, is_whole ? PATH_HOP_NONE : hop);
out:
	free(rows);
	free(routes.rows);
	return err;
}

int net_path_create(const struct net_path_wish *wish, struct net_path *out, struct diag *diag)
{
	struct net_path p = {.is_v4 = wish->is_v4};
	struct route route = {0};
	bool has_route = false;
	struct netlink *nl = NULL;
	int err = netlink_open(NETLINK_BUS_ROUTE, &nl);
	if (err)
		return diag_set(diag, err, "cannot open a netlink socket: %s", strerror(-err));
	err = find_route(nl, wish, &p, &route, &has_route, diag);
	if (!err)
		err = find_source(nl, wish, &route, &p, diag);
	if (err)
		goto out;
	if (p.iface.kind != IFACE_ETHERNET) {
		hop_table_build(&p.next_hops, NULL, 0, PATH_HOP_ONLINK);
	} else if (wish->gateway_mac || !p.iface.is_arp) {
		/* A link without ARP takes any address; the kernel itself writes the interface's. */
		const uint8_t *mac = wish->gateway_mac ? wish->gateway_mac : p.iface.mac;
		memcpy(p.hops[0].mac, mac, IFACE_MAC_LEN);
		p.n_hops = 1;
		hop_table_build(&p.next_hops, NULL, 0, 0);
	} else {
		err = find_hops(nl, &route, wish->interface, &p, diag);
	}
	if (err)
		goto out;
	if (wish->source_mac && p.iface.kind == IFACE_ETHERNET)
		memcpy(p.iface.mac, wish->source_mac, IFACE_MAC_LEN);
	*out = p;
out:
	netlink_close(nl);
	return err;
}

int net_path_find_onlink(const char *interface, bool is_v4, struct ipaddr *out)
{
	struct iface iface = {.ifindex = 0};
	struct netlink *nl = NULL;
	int err = netlink_open(NETLINK_BUS_ROUTE, &nl);
	if (!err && interface)
		err = iface_get_by_name(nl, interface, &iface, NULL);
	if (!err)
		err = route_find_onlink(nl, is_v4, iface.ifindex, out);
	netlink_close(nl);
	return err;
}
