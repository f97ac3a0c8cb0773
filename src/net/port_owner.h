#ifndef NET_PORT_OWNER_H
#define NET_PORT_OWNER_H

#include <stddef.h>

#include "base/diag.h"
#include "net/port_range.h"
#include "net/rst_guard.h"

/* Who else on this host may own a TCP packet to our source addresses and ports? Looked at once, before
 * the guard stops such packets at the interface; what comes later is the guard's to see. */

/* Looks for other owners in this network namespace: the kernel's choice of ports for outgoing
 * connections, TCP sockets in any state (bound, listening, connected, waiting), translation of addresses
 * (nat chains of nf_tables, the nat table of the older iptables), IPVS services.
 *   ranges   n_ranges of our source addresses
 *   ports    our source ports
 *   diag     who it is, in words that follow "because"
 * Returns 0 when there is nobody, -EADDRINUSE when there is somebody, or the error of looking: then nobody
 * knows. Main thread; cost: a dump of the host's sockets and chains. */
int port_owner_find(const struct rst_guard_range *ranges, size_t n_ranges,
    const struct port_range *ports, struct diag *diag) __attribute__((warn_unused_result));

#endif
