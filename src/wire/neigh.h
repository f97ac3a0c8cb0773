#ifndef WIRE_NEIGH_H
#define WIRE_NEIGH_H

#include <stddef.h>

#include "base/ipaddr.h"

/* Ethernet frames of ARP (RFC 826) and Neighbor Discovery (RFC 4861): asking for an on-link target's
 * MAC, and answering for a source address that the host does not own. */

enum { NEIGH_FRAME_MAX = 86 };

/* Writes "who has addr?" from laddr at mac, to everybody (ARP) or to the solicited-node group (NDP).
 * addr and laddr are of one family. Returns the frame's length. Cannot fail. */
size_t neigh_build_request(const uint8_t mac[6], const struct ipaddr *laddr,
    const struct ipaddr *addr, uint8_t frame[NEIGH_FRAME_MAX]);

/* Writes "laddr is at mac" to raddr at rmac. Returns the frame's length. Cannot fail. */
size_t neigh_build_reply(const uint8_t mac[6], const struct ipaddr *laddr, const uint8_t rmac[6],
    const struct ipaddr *raddr, uint8_t frame[NEIGH_FRAME_MAX]);

#endif
