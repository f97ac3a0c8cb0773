#ifndef NET_LINK_STATS_H
#define NET_LINK_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

/* What an interface says it has dropped, asked of the kernel by netlink: right in every network
 * namespace, whatever /sys shows. Main thread. Opaque. */
struct link_stats;

/* Totals since link_stats_open. */
struct link_drops {
	uint64_t
	    n_rx; /* came and were lost: missed by the card, no room in its ring or our backlog */
	uint64_t n_tx; /* were given to the interface and dropped */
};

enum { LINK_STATS_MAX = 2 };

/* Watches n interfaces (at most LINK_STATS_MAX; one that is named twice counts once). Returns 0 or a
 * negative errno with diag. The caller owns *out. */
int link_stats_open(const uint32_t *ifindexes, size_t n, struct diag *diag, struct link_stats **out)
    __attribute__((warn_unused_result));
void link_stats_close(struct link_stats *stats);

/* Asks again. Frames of protocols that this host does not speak are counted by the kernel as dropped
 * too: what trickles in at less than LINK_STATS_NOISE_PPS is not taken for loss. now_ns: monotonic.
 * Returns 0, or a negative errno and leaves *out alone. Takes some 20 us. */
enum { LINK_STATS_NOISE_PPS = 200 };
int link_stats_read(struct link_stats *stats, int64_t now_ns, struct link_drops *out)
    __attribute__((warn_unused_result));

#endif
