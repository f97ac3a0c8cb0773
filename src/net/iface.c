/* iface: the kernel's list of interfaces and addresses. Stateless; before the packet threads start.
 * Refuses link types whose framing synspect does not know, rather than guessing.
 * Sources: rtnetlink(7), linux/if_arp.h (link types), linux/if_link.h. */
#include "net/iface.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "net/attr.h"

/* Returns false for framings that synspect does not know (Infiniband, 802.15.4, ...). */
static bool kind_from_arphrd(unsigned type, enum iface_kind *out)
{
	switch (type) {
	case ARPHRD_ETHER:
		*out = IFACE_ETHERNET;
		return true;
	case ARPHRD_LOOPBACK:
		*out = IFACE_LOOPBACK;
		return true;
	case ARPHRD_NONE: /* tun, WireGuard */
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
		*out = IFACE_RAW_IP;
		return true;
	default:
		return false;
	}
}

struct link_search {
	const char *name; /* NULL: by index */
	uint32_t ifindex;
	struct iface found;
	unsigned arphrd;
	bool is_found, is_known_kind;
	char names[200]; /* of the others, for the error */
};

static void link_fill(
    struct link_search *s, const struct ifinfomsg *ifi, const struct netlink_attr *attrs)
{
	struct iface *out = &s->found;
	memset(out, 0, sizeof(*out));
	out->ifindex = (uint32_t)ifi->ifi_index;
	attr_copy_str(&attrs[IFLA_IFNAME], out->name, sizeof(out->name));
	out->mtu = netlink_attr_u32(&attrs[IFLA_MTU], 1500);
	s->arphrd = ifi->ifi_type;
	s->is_known_kind = kind_from_arphrd(ifi->ifi_type, &out->kind);
	if (out->kind == IFACE_ETHERNET && attrs[IFLA_ADDRESS].len == IFACE_MAC_LEN)
		memcpy(out->mac, attrs[IFLA_ADDRESS].p, IFACE_MAC_LEN);
	uint8_t oper = attrs[IFLA_OPERSTATE].p ? attrs[IFLA_OPERSTATE].p[0] : IF_OPER_UNKNOWN;
	out->is_up = ifi->ifi_flags & IFF_UP;
	out->has_carrier = oper == IF_OPER_UP || oper == IF_OPER_UNKNOWN || oper == IF_OPER_DORMANT;
	out->is_arp = out->kind == IFACE_ETHERNET && !(ifi->ifi_flags & IFF_NOARP);
	s->is_found = true;
}

static int link_note(const struct netlink_msg *msg, void *arg)
{
	struct link_search *s = arg;
	struct netlink_attr attrs[IFLA_MAX + 1];
	const struct ifinfomsg *ifi = msg->head;
	if (msg->type != RTM_NEWLINK || !netlink_attrs(msg, sizeof(*ifi), attrs, IFLA_MAX + 1))
		return 0;
	char name[IFACE_NAME_LEN];
	attr_copy_str(&attrs[IFLA_IFNAME], name, sizeof(name));
	if (s->name ? strcmp(s->name, name) == 0 : s->ifindex == (uint32_t)ifi->ifi_index) {
		link_fill(s, ifi, attrs);
		return 0;
	}
	size_t used = strlen(s->names);
	snprintf(s->names + used, sizeof(s->names) - used, "%s%s", used ? ", " : "", name);
	return 0;
}

static void link_restart(void *arg)
{
	struct link_search *s = arg;
	s->is_found = false;
	s->names[0] = '\0';
}

/* Dumps the links: one way for both searches, and the names for the error come with it. */
static int link_search_run(
    struct netlink *nl, struct link_search *s, struct iface *out, struct diag *diag)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
	int err = netlink_dump(nl, RTM_GETLINK, &head, sizeof(head), link_note, link_restart, s);
	if (err)
		return diag_set(
		    diag, err, "cannot list the network interfaces: %s", strerror(-err));
	if (!s->is_found && s->name)
		return diag_set(
		    diag, -ENODEV, "no interface %s: this host has %s", s->name, s->names);
	if (!s->is_found)
		return diag_set(diag, -ENODEV, "interface %u is gone", s->ifindex);
	if (!s->is_known_kind)
		return diag_set(diag, -EPROTONOSUPPORT,
		    "%s: link type %u is not supported: use an Ethernet, tun, WireGuard, ppp or "
		    "loopback interface (--interface)",
		    s->found.name, s->arphrd);
	*out = s->found;
	return 0;
}

int iface_get_by_name(struct netlink *nl, const char *name, struct iface *out, struct diag *diag)
{
	struct link_search s = {.name = name};
	return link_search_run(nl, &s, out, diag);
}

int iface_get_by_index(struct netlink *nl, uint32_t ifindex, struct iface *out, struct diag *diag)
{
	struct link_search s = {.ifindex = ifindex};
	return link_search_run(nl, &s, out, diag);
}

bool ipaddr_is_link_local(const struct ipaddr *addr)
{
	if (ipaddr_is_v4(addr))
		return addr->b[12] == 169 && addr->b[13] == 254;
	return addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

struct addr_count {
	struct ipaddr lo, hi;
	uint32_t ifindex;
	struct iface_addrs count;
};

static int addr_note(const struct netlink_msg *msg, void *arg)
{
	struct addr_count *c = arg;
	struct netlink_attr attrs[IFA_MAX + 1];
	const struct ifaddrmsg *ifa = msg->head;
	if (msg->type != RTM_NEWADDR || !netlink_attrs(msg, sizeof(*ifa), attrs, IFA_MAX + 1))
		return 0;
	/* IFA_LOCAL is ours and IFA_ADDRESS the peer's on point-to-point links; without a peer both
	 * are the same, and IPv6 has the second only. */
	const struct netlink_attr *a = attrs[IFA_LOCAL].p ? &attrs[IFA_LOCAL] : &attrs[IFA_ADDRESS];
	struct ipaddr addr;
	if (!attr_get_addr(a, ifa->ifa_family, &addr) ||
	    ipaddr_is_v4(&addr) != ipaddr_is_v4(&c->lo))
		return 0;
	if (ipaddr_cmp(&addr, &c->lo) >= 0 && ipaddr_cmp(&addr, &c->hi) <= 0)
		c->count.n_owned++;
	if (ifa->ifa_index != c->ifindex)
		return 0;
	if (netlink_attr_u32(&attrs[IFA_FLAGS], ifa->ifa_flags) &
	    (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		c->count.n_tentative++;
	else if (ipaddr_is_link_local(&addr))
		c->count.n_link_local++;
	else
		c->count.n_usable++;
	return 0;
}

static void addr_restart(void *arg)
{
	struct addr_count *c = arg;
	memset(&c->count, 0, sizeof(c->count));
}

int iface_count_addrs(struct netlink *nl, const struct ipaddr *lo, const struct ipaddr *hi,
    uint32_t ifindex, struct iface_addrs *out, struct diag *diag)
{
	struct addr_count c = {.lo = *lo, .hi = *hi, .ifindex = ifindex};
	struct ifaddrmsg head = {.ifa_family = attr_addr_family(lo)};
	int err = netlink_dump(nl, RTM_GETADDR, &head, sizeof(head), addr_note, addr_restart, &c);
	if (err)
		return diag_set(diag, err, "cannot list the host's addresses: %s", strerror(-err));
	*out = c.count;
	return 0;
}

void mac_format(const uint8_t mac[IFACE_MAC_LEN], char buf[MAC_STRLEN])
{
	snprintf(buf, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
	    mac[4], mac[5]);
}
