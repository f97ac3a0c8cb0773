#ifndef SRC_SCAN_NET_H
#define SRC_SCAN_NET_H

#include <stdbool.h>

#include "base/diag.h"
#include "config.h"
#include "net/path.h"
#include "net/port_range.h"
#include "net/rst_guard.h"
#include "targets/targets.h"

/* From what the user chose to what src/net is asked for; shared by the scan and `synspect check`.
 * Main thread. */

/* Finds how packets of a family leave, by the route to a target that stands for all: the first one,
 * or, when that has none (it may be the host itself), another of a few. Of a stream, which is not
 * known before it is read, and without targets, by the default route, or else a link of the host's.
 *   targets    NULL: none are named
 *   out        as net_path_create
 *   dst        the address that was asked for
 *   is_guess   dst is no target: a failure need not be one for the targets
 * Errors as net_path_create, about the first one. */
int scan_net_find_path(const struct scan_config *config, struct targets *targets, bool is_v4,
    struct net_path *out, struct ipaddr *dst, bool *is_guess, struct diag *diag)
    __attribute__((warn_unused_result));

/* --source-port, or the default range. Errors as port_range_default. */
int scan_net_choose_ports(const struct scan_config *config, struct port_range *out,
    struct diag *diag) __attribute__((warn_unused_result));

/* Does this path need the guard: is the source an address whose RSTs the kernel sends? */
bool scan_net_needs_guard(const struct scan_config *config, const struct net_path *path);

/* Makes the guard for the paths that need one; where nobody else on the host can own the answers, they
 * end at the interface.
 *   v4, v6     NULL: the family is not scanned
 *   out        NULL when no path needs it; else owned by the caller
 *   why_seen   why the kernel still sees every answer; empty when it does not, or without a guard
 * Errors as rst_guard_open. */
int scan_net_open_guard(const struct scan_config *config, const struct net_path *v4,
    const struct net_path *v6, const struct port_range *ports, struct rst_guard **out,
    struct diag *why_seen, struct diag *diag) __attribute__((warn_unused_result));

#endif
