#ifndef RX_FILTER_H
#define RX_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* The capture filter as pcap-filter(7) text: what answers us and nothing else. Pure. */

struct filter_config {
	bool has_v4, has_v6;
	struct ipaddr v4_lo, v4_hi; /* our source addresses */
	struct ipaddr v6_lo, v6_hi; /* exact with equal upper 96 bits, else a little more passes */
	uint16_t port_lo, port_hi;  /* our source ports */
	bool is_ethernet;           /* ARP and Neighbor Discovery matter */
};

enum { FILTER_TEXT_MAX = 2048 };

/* Writes the text and a NUL. Returns 0, or -ENOSPC when it does not fit. IPv6 extension headers
 * cannot be looked through by the kernel: such packets to our addresses all pass. */
int filter_build(const struct filter_config *config, char *text, size_t size)
    __attribute__((warn_unused_result));

#endif
