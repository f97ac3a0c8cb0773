#ifndef NET_NEIGHBOUR_H
#define NET_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/ipaddr.h"
#include "net/iface.h"
#include "net/netlink.h"

/* The link-layer address of a gateway, from the kernel's neighbour table; when it is not there the
 * kernel is made to ask (ARP, RFC 826; NDP, RFC 4861). Targets on the link are not resolved here:
 * the sender asks for them itself, within the rate. */

struct neighbour {
	struct ipaddr addr;
	uint8_t mac[IFACE_MAC_LEN];
	bool is_resolved;
};

/* Resolves n neighbours of one interface, all at the same time.
 *   nl           route socket
 *   iface        Ethernet interface they live on
 *   nbrs         addr set; mac and is_resolved are filled. Both families may be mixed
 *   timeout_ns   how long to wait for those that the table does not have
 * Returns 0 when the question could be asked (look at is_resolved), or a negative errno with diag.
 * Blocks up to timeout_ns. */
int neighbour_resolve(struct netlink *nl, const struct iface *iface, struct neighbour *nbrs,
    size_t n, int64_t timeout_ns, struct diag *diag) __attribute__((warn_unused_result));

#endif
