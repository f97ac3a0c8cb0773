#ifndef NET_RST_GUARD_H
#define NET_RST_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/ipaddr.h"
#include "net/port_range.h"

/* Keeps the kernel from resetting connections that it knows nothing of (RFC 9293 section 3.10.7.1:
 * a host answers a SYN-ACK for no connection with RST). One nf_tables table of the process's own,
 * hooked into output, drops TCP segments with the RST bit from our source addresses and source
 * ports; every other packet of the host passes. Where nobody else can own them, answers can also end
 * at the interface, before the kernel spends time on them: rst_guard_stop_answers. The table has an
 * owner, this process's netlink socket: nobody else can change it, and the kernel removes it when the
 * socket closes, however the process ends. */

/* Packets with this socket mark (SO_MARK) pass: our own RSTs when they are sent through a raw
 * socket (loopback). Frames sent through AF_PACKET or AF_XDP never meet the hook. "SYNS". */
#define RST_GUARD_MARK 0x53594e53u

enum { RST_GUARD_NAME_LEN = 64, RST_GUARD_MAX_RANGES = 2, RST_GUARD_MAX_LINKS = 2 };

/* Source addresses of one family, both ends included. */
struct rst_guard_range {
	struct ipaddr lo, hi;
};

struct rst_guard; /* opaque: the table, as long as it is open */

/* Makes the table "synspect_PID" (family inet).
 *   ranges   n_ranges of 1..RST_GUARD_MAX_RANGES source ranges, either family; copied
 *   ports    our source ports; copied
 *   out      owned by the caller: rst_guard_close
 *   diag     the reason, and the two ways out
 * Returns 0, -EPERM (no CAP_NET_ADMIN in the network namespace's user namespace), -EOPNOTSUPP (no
 * nf_tables, or a kernel before 5.12 that knows no table owners), or netlink's error. */
int rst_guard_open(const struct rst_guard_range *ranges, size_t n_ranges,
    const struct port_range *ports, struct rst_guard **out, struct diag *diag)
    __attribute__((warn_unused_result));

/* Makes TCP packets to our addresses and ports end at ingress of these interfaces, behind the taps of
 * AF_PACKET and before the kernel's stack. Sound only when net/port_owner.h found no other owner. For
 * those who come later two things pass: a SYN without ACK, and everything to a port from which the
 * kernel itself has sent anything but a RST since (to a set in the table, of at most 65,536 ports): so a
 * listener, or a socket bound to one of the ports, works from its first packet on.
 *   links   names of n_links of 1..RST_GUARD_MAX_LINKS interfaces, all different
 *   diag    the kernel's reason; the output chain stays in any case
 * Returns 0, -EOPNOTSUPP (no hook at ingress: CONFIG_NETFILTER_INGRESS), or netlink's error.
 * While it is there, the kernel also drops at these interfaces what it calls malformed at ingress: IPv4
 * headers that it would drop next, and later fragments of IPv6 packets whose fragmentable part begins
 * with another extension header. */
int rst_guard_stop_answers(struct rst_guard *guard, const char *const *links, size_t n_links,
    struct diag *diag) __attribute__((warn_unused_result));

/* The table's name, for people. Borrowed from guard. */
const char *rst_guard_name(const struct rst_guard *guard);

/* Removes the table. NULL is allowed. Needs no privilege. */
void rst_guard_close(struct rst_guard *guard);

#endif
