#ifndef NET_PORT_RANGE_H
#define NET_PORT_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

/* Source ports that nobody else on this host uses by itself: outside the range that the kernel
 * gives to outgoing connections (net.ipv4.ip_local_port_range, which serves IPv6 too) and outside
 * net.ipv4.ip_local_reserved_ports, so that dropping RSTs of these ports harms no one. */

struct port_range {
	uint16_t lo, hi; /* both included; 1 <= lo <= hi */
};

enum {
	PORT_RANGE_WANTED = 16384, /* as many as this when there is room */
	PORT_RANGE_MIN = 8192,     /* fewer than this is an error */
	PORT_RANGE_FLOOR = 1024,   /* ports of well-known services stay out */
};

/* Chooses from the longest run of free ports, taking its upper end (with Linux's default of
 * 32768-60999 that is 16384-32767).
 *   ephemeral   the kernel's range
 *   reserved    text of ip_local_reserved_ports: "80,1000-2000\n", may be empty; what cannot be
 *               read in it is skipped
 * Returns 0 or -ENOSPC (no run of PORT_RANGE_MIN ports). Pure. */
int port_range_choose(const struct port_range *ephemeral, const char *reserved,
    struct port_range *out) __attribute__((warn_unused_result));

/* The kernel's range for outgoing connections, net.ipv4.ip_local_port_range. Returns 0 or, with diag,
 * the errno of reading it or -EBADMSG. */
int port_range_read_ephemeral(struct port_range *out, struct diag *diag)
    __attribute__((warn_unused_result));

/* Chooses by this host's settings in /proc/sys. Returns 0 or, with diag, -ENOSPC or the errno of
 * reading them. */
int port_range_default(struct port_range *out, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
