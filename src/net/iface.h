#ifndef NET_IFACE_H
#define NET_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/ipaddr.h"
#include "net/netlink.h"

/* Network interfaces as the kernel lists them. */

/* What stands before the IP header on the wire. */
enum iface_kind {
	IFACE_ETHERNET, /* 14 bytes of Ethernet; also VLAN, bridge, bond, veth, macvlan */
	IFACE_LOOPBACK, /* "lo": Ethernet framing with zero addresses; the kernel answers itself */
	IFACE_RAW_IP,   /* nothing: tun, WireGuard, ppp, ipip, gre, sit */
	IFACE_KIND_COUNT,
};

enum { IFACE_NAME_LEN = 16, IFACE_MAC_LEN = 6 };

struct iface {
	uint32_t ifindex;
	char name[IFACE_NAME_LEN];
	enum iface_kind kind;
	uint32_t mtu;               /* bytes of IP packet */
	uint8_t mac[IFACE_MAC_LEN]; /* zero for raw IP and loopback */
	bool is_up;                 /* administratively */
	bool has_carrier;           /* or does not know */
	bool is_arp;                /* neighbours are resolved by ARP or NDP */
};

/* Finds an interface by name, or by index. Returns 0, or -ENODEV (unknown; diag lists the names
 * there are), -EPROTONOSUPPORT (a link type that synspect cannot frame), or netlink's error. */
int iface_get_by_name(struct netlink *nl, const char *name, struct iface *out, struct diag *diag)
    __attribute__((warn_unused_result));
int iface_get_by_index(struct netlink *nl, uint32_t ifindex, struct iface *out, struct diag *diag)
    __attribute__((warn_unused_result));

/* What the host's own addresses say about a range of source addresses and an interface. */
struct iface_addrs {
	uint32_t n_owned;  /* addresses of the host inside [lo, hi], on any interface */
	uint32_t n_usable; /* addresses of the family on ifindex, not tentative, not link-local */
	uint32_t n_link_local; /* link-local ones on ifindex */
	uint32_t n_tentative;  /* duplicate address detection has not finished, or failed */
};

/* Counts the host's addresses of the family of lo.
 *   lo, hi    source range, same family, lo <= hi
 *   ifindex   interface that n_usable and n_link_local speak of
 * Returns 0 or netlink's error. Cost: one dump of the address table. */
int iface_count_addrs(struct netlink *nl, const struct ipaddr *lo, const struct ipaddr *hi,
    uint32_t ifindex, struct iface_addrs *out, struct diag *diag)
    __attribute__((warn_unused_result));

/* Is this an address that only its own link understands (169.254/16, fe80::/10)? */
bool ipaddr_is_link_local(const struct ipaddr *addr);

/* "aa:bb:cc:dd:ee:ff" and a NUL. */
enum { MAC_STRLEN = 18 };
void mac_format(const uint8_t mac[IFACE_MAC_LEN], char buf[MAC_STRLEN]);

#endif
