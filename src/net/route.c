/* route: the kernel's routes. Stateless; before the packet threads start. Refuses to guess: what the
 * kernel rejects is an error that says why.
 * Sources: rtnetlink(7), linux/rtnetlink.h, ip-route(8); RFC 5549 (IPv4 by an IPv6 next hop). */
#include "net/route.h"

#include <errno.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "net/attr.h"
#include "net/iface.h"

/* Reads the next hop's address: RTA_GATEWAY of the family, or RTA_VIA of any. */
static bool get_gateway(const struct netlink_attr *attrs, unsigned family, struct ipaddr *out)
{
	if (attr_get_addr(&attrs[RTA_GATEWAY], family, out))
		return true;
	const struct netlink_attr *via = &attrs[RTA_VIA];
	struct rtvia head;
	if (!via->p || via->len < sizeof(head))
		return false;
	memcpy(&head, via->p, sizeof(head));
	struct netlink_attr addr = {.p = via->p + sizeof(head), .len = via->len - sizeof(head)};
	return attr_get_addr(&addr, head.rtvia_family, out);
}

struct lookup {
	struct route route;
	unsigned type; /* RTN_* */
	bool is_answered;
};

static int lookup_note(const struct netlink_msg *msg, void *arg)
{
	struct lookup *l = arg;
	struct netlink_attr attrs[RTA_MAX + 1];
	const struct rtmsg *rtm = msg->head;
	if (msg->type != RTM_NEWROUTE || !netlink_attrs(msg, sizeof(*rtm), attrs, RTA_MAX + 1))
		return 0;
	struct route *r = &l->route;
	memset(r, 0, sizeof(*r));
	r->ifindex = netlink_attr_u32(&attrs[RTA_OIF], 0);
	r->table = netlink_attr_u32(&attrs[RTA_TABLE], rtm->rtm_table);
	r->is_local = rtm->rtm_type == RTN_LOCAL;
	r->has_gateway = get_gateway(attrs, rtm->rtm_family, &r->gateway);
	r->has_source = attr_get_addr(&attrs[RTA_PREFSRC], rtm->rtm_family, &r->source);
	l->type = rtm->rtm_type;
	l->is_answered = true;
	return 0;
}

/* One question to the kernel. */
static int ask(struct netlink *nl, const struct ipaddr *dst, uint32_t oif, const struct ipaddr *src,
    struct lookup *l)
{
	struct netlink_req req;
	size_t len;
	const uint8_t *bytes = attr_addr_bytes(dst, &len);
	struct rtmsg head = {.rtm_family = attr_addr_family(dst),
	    .rtm_dst_len = (unsigned char)(len * 8),
	    .rtm_src_len = src ? (unsigned char)(len * 8) : 0,
	    .rtm_flags = RTM_F_LOOKUP_TABLE};
	memset(l, 0, sizeof(*l));
	netlink_req_init(&req);
	netlink_begin(&req, RTM_GETROUTE, NLM_F_ACK, &head, sizeof(head));
	netlink_put(&req, RTA_DST, bytes, len);
	if (src)
		netlink_put(&req, RTA_SRC, attr_addr_bytes(src, &len), len);
	if (oif)
		netlink_put_u32(&req, RTA_OIF, oif);
	int err = netlink_transact(nl, &req, lookup_note, l, NULL);
	/* Asked for one interface, IPv4 takes what no route covers for on-link and names no table:
	 * that is a guess of the kernel, not a route. */
	if (!err && (!l->is_answered || l->route.table == RT_TABLE_UNSPEC))
		err = -ENETUNREACH;
	return err;
}

/* The error that a packet would meet on a route of this type, 0 for usable ones. */
static int type_error(unsigned type)
{
	switch (type) {
	case RTN_UNICAST:
	case RTN_LOCAL:
	case RTN_BROADCAST: /* of a link of ours: it leaves there as any of its neighbours would */
		return 0;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_MULTICAST:
	case RTN_ANYCAST:
		return -EDESTADDRREQ;
	default:
		return -ENETUNREACH;
	}
}

/* The sentence for a rejected destination. */
static int reject(int err, const char *dst, const char *oif_name, struct diag *diag)
{
	const char *by = oif_name ? " by " : "";
	const char *name = oif_name ? oif_name : "";
	switch (-err) {
	case ENETUNREACH:
		return diag_set(diag, err,
		    "no route to %s%s%s: add one (ip route add), name another --interface, or give "
		    "--interface, --source-ip and --gateway-mac",
		    dst, by, name);
	case EHOSTUNREACH:
		return diag_set(diag, err,
		    "no route to %s%s%s: the route is of type unreachable: see ip route get %s",
		    dst, by, name, dst);
	case EACCES:
		return diag_set(diag, err,
		    "no route to %s%s%s: the route is of type prohibit: see ip route get %s", dst,
		    by, name, dst);
	case EINVAL:
		return diag_set(diag, err,
		    "no route to %s%s%s: the route is of type blackhole: see ip route get %s", dst,
		    by, name, dst);
	case EDESTADDRREQ:
		return diag_set(
		    diag, err, "%s is a multicast or anycast address: leave it out", dst);
	default:
		return diag_set(diag, err, "no route to %s%s%s: %s", dst, by, name, strerror(-err));
	}
}

int route_lookup(struct netlink *nl, const struct ipaddr *dst, uint32_t oif, const char *oif_name,
    const struct ipaddr *src, struct route *out, struct diag *diag)
{
	char text[IPADDR_STRLEN];
	struct lookup l;
	ipaddr_format(dst, text);
	int err = ask(nl, dst, oif, src, &l);
	/* IPv4 refuses to route from a source that the host does not own (EINVAL), and that is also
	 * what a blackhole gives: only the question without the source tells them apart. */
	if (err && src)
		err = ask(nl, dst, oif, NULL, &l);
	if (!err)
		err = type_error(l.type);
	if (err)
		return reject(err, text, oif_name, diag);
	*out = l.route;
	return 0;
}

struct dump {
	unsigned family;
	uint32_t table, ifindex;
	struct route_rows *out;
};

static void dump_restart(void *arg)
{
	struct dump *d = arg;
	d->out->n_rows = d->out->n_total = 0;
	d->out->is_truncated = false;
}

/* Rows that stay when the room ends: without a gateway's row a packet takes the default next hop,
 * which can still deliver it; an on-link target has no such second way. */
static bool is_essential(const struct route_row *row)
{
	return row->way == ROUTE_ONLINK || row->prefix_len == 0;
}

static void dump_keep(struct route_rows *out, const struct route_row *row)
{
	out->n_total++;
	if (out->n_rows == out->max_rows && !out->is_truncated) {
		size_t n = 0;
		for (size_t i = 0; i < out->n_rows; i++) {
			if (is_essential(&out->rows[i]))
				out->rows[n++] = out->rows[i];
		}
		out->n_rows = n;
		out->is_truncated = true;
	}
	if (out->n_rows < out->max_rows && (!out->is_truncated || is_essential(row)))
		out->rows[out->n_rows++] = *row;
}

static enum route_way way_of(
    const struct netlink_attr *attrs, unsigned family, struct ipaddr *gateway)
{
	return get_gateway(attrs, family, gateway) ? ROUTE_GATEWAY : ROUTE_ONLINK;
}

/* The path of a multipath route that leaves by ifindex. */
static enum route_way multipath_way(
    const struct netlink_attr *multipath, uint32_t ifindex, unsigned family, struct ipaddr *gateway)
{
	const uint8_t *p = multipath->p;
	size_t left = multipath->len;
	struct rtnexthop nh;
	while (left >= sizeof(nh)) {
		memcpy(&nh, p, sizeof(nh));
		if (nh.rtnh_len < sizeof(nh) || nh.rtnh_len > left)
			break;
		if ((uint32_t)nh.rtnh_ifindex == ifindex &&
		    !(nh.rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))) {
			struct netlink_attr attrs[RTA_MAX + 1];
			netlink_attrs_nested(
			    p + sizeof(nh), nh.rtnh_len - sizeof(nh), attrs, RTA_MAX + 1);
			return way_of(attrs, family, gateway);
		}
		size_t step = (size_t)RTNH_ALIGN(nh.rtnh_len);
		if (step >= left)
			break;
		p += step;
		left -= step;
	}
	return ROUTE_OTHER;
}

/* Reads the way of a row; false for rows that say nothing about sending (dead, local, ...). */
static bool row_way(const struct dump *d, const struct rtmsg *rtm, const struct netlink_attr *attrs,
    struct route_row *row)
{
	switch (rtm->rtm_type) {
	case RTN_UNICAST:
		break;
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
	case RTN_BLACKHOLE:
	case RTN_THROW:
		row->way = ROUTE_REJECT;
		return true;
	default:
		return false;
	}
	if (rtm->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return false;
	if (attrs[RTA_MULTIPATH].p)
		row->way =
		    multipath_way(&attrs[RTA_MULTIPATH], d->ifindex, d->family, &row->gateway);
	else if (netlink_attr_u32(&attrs[RTA_OIF], 0) != d->ifindex)
		row->way = ROUTE_OTHER;
	else
		row->way = way_of(attrs, d->family, &row->gateway);
	return true;
}

static int dump_note(const struct netlink_msg *msg, void *arg)
{
	struct dump *d = arg;
	struct netlink_attr attrs[RTA_MAX + 1];
	const struct rtmsg *rtm = msg->head;
	if (msg->type != RTM_NEWROUTE || !netlink_attrs(msg, sizeof(*rtm), attrs, RTA_MAX + 1))
		return 0;
	if (rtm->rtm_family != d->family || (rtm->rtm_flags & RTM_F_CLONED) ||
	    netlink_attr_u32(&attrs[RTA_TABLE], rtm->rtm_table) != d->table)
		return 0;
	struct route_row row = {.prefix_len = rtm->rtm_dst_len,
	    .metric = netlink_attr_u32(&attrs[RTA_PRIORITY], 0),
	    .prefix = d->family == AF_INET ? ipaddr_from_v4(0) : ipaddr_from_u64(0, 0)};
	if (rtm->rtm_dst_len && !attr_get_addr(&attrs[RTA_DST], d->family, &row.prefix))
		return 0;
	if (row_way(d, rtm, attrs, &row))
		dump_keep(d->out, &row);
	return 0;
}

int route_dump(struct netlink *nl, bool is_v4, uint32_t table, uint32_t ifindex,
    struct route_rows *out, struct diag *diag)
{
	struct dump d = {
	    .family = is_v4 ? AF_INET : AF_INET6, .table = table, .ifindex = ifindex, .out = out};
	struct rtmsg head = {.rtm_family = (unsigned char)d.family};
	int err = netlink_dump(nl, RTM_GETROUTE, &head, sizeof(head), dump_note, dump_restart, &d);
	if (err)
		return diag_set(diag, err, "cannot list the routes: %s", strerror(-err));
	return 0;
}

struct onlink_search {
	unsigned family;
	uint32_t ifindex;
	struct ipaddr found;
	bool is_found;
};

static void onlink_restart(void *arg)
{
	struct onlink_search *s = arg;
	s->is_found = false;
}

static int onlink_note(const struct netlink_msg *msg, void *arg)
{
	struct onlink_search *s = arg;
	struct netlink_attr attrs[RTA_MAX + 1];
	const struct rtmsg *rtm = msg->head;
	struct ipaddr prefix, gateway;
	if (msg->type != RTM_NEWROUTE || !netlink_attrs(msg, sizeof(*rtm), attrs, RTA_MAX + 1))
		return 0;
	uint32_t oif = netlink_attr_u32(&attrs[RTA_OIF], 0);
	unsigned max_len = s->family == AF_INET ? 30 : 126; /* room for a neighbour */
	if (s->is_found || rtm->rtm_family != s->family || rtm->rtm_type != RTN_UNICAST ||
	    rtm->rtm_table != RT_TABLE_MAIN || oif == 0 || (s->ifindex && oif != s->ifindex) ||
	    rtm->rtm_dst_len == 0 || rtm->rtm_dst_len > max_len ||
	    (rtm->rtm_flags & (RTM_F_CLONED | RTNH_F_DEAD | RTNH_F_LINKDOWN)) ||
	    get_gateway(attrs, s->family, &gateway) ||
	    !attr_get_addr(&attrs[RTA_DST], s->family, &prefix) || ipaddr_is_link_local(&prefix))
		return 0;
	s->found = prefix;
	s->is_found = true;
	return 0;
}

int route_find_onlink(struct netlink *nl, bool is_v4, uint32_t ifindex, struct ipaddr *out)
{
	struct onlink_search s = {.family = is_v4 ? AF_INET : AF_INET6, .ifindex = ifindex};
	struct rtmsg head = {.rtm_family = (unsigned char)s.family};
	int err =
	    netlink_dump(nl, RTM_GETROUTE, &head, sizeof(head), onlink_note, onlink_restart, &s);
	if (!err && !s.is_found)
		err = -ENETUNREACH;
	if (err)
		return err;
	/* Of the first three neighbours at most one or two are the host itself or a router's anycast
	 * address; the first that is neither stands for the link. */
	for (uint8_t last = 1; last <= 3; last++) {
		struct ipaddr dst = s.found;
		struct route route;
		dst.b[15] = (uint8_t)(dst.b[15] | last);
		err = route_lookup(nl, &dst, ifindex, NULL, NULL, &route, NULL);
		if (!err && !route.is_local) {
			*out = dst;
			return 0;
		}
	}
	return -ENETUNREACH;
}
