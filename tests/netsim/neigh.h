#ifndef NETSIM_NEIGH_H
#define NETSIM_NEIGH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "tests/netsim/frame.h"

/* Who netsim is on the link. */
struct neigh {
	struct ipaddr gateway4;
	struct ipaddr gateway6;
	bool is_on_link; /* every address but the asker's own is a neighbour too */
};

/* The MAC of an address on our side of the link: always locally administered, and never that of the
 * veth itself, so that the kernel under netsim takes no frame for its own. */
void neigh_mac(const struct neigh *neigh, const struct ipaddr *addr, uint8_t out[FRAME_MAC_LEN]);

/* Answers an ARP request (RFC 826) or a neighbour solicitation (RFC 4861 section 4.3) that asks for
 * an address of ours: writes the answer to buf (FRAME_CAP bytes) and returns its length, or 0 when
 * there is nothing to say (address probes of RFC 5227 and RFC 4862 included). */
size_t neigh_answer(const struct neigh *neigh, const uint8_t *frame, size_t len, uint8_t *buf);

#endif
