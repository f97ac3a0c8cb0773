#ifndef NET_PRIVILEGES_H
#define NET_PRIVILEGES_H

#include <stdbool.h>

#include "base/diag.h"

/* What the process may do: everything until its sockets, captures and files are open, next to
 * nothing after that. */

/* Can the process open what a scan needs?
 *   needs_guard  an RST guard will be made: CAP_NET_ADMIN too
 * Returns 0, or -EPERM with the command that helps in diag. */
int privileges_check(bool needs_guard, struct diag *diag) __attribute__((warn_unused_result));

/* What the process still has to do after the drop. */
struct privileges_wish {
	const char *user;    /* --user; NULL: see below. Ignored when not root */
	bool writes_files;   /* creates or replaces files later: checkpoint, status, metadata */
	bool resolves_names; /* getaddrinfo(3) later: names in a streamed targets file */
	bool is_unconfined;  /* no seccomp filter: for valgrind and strace, which need more calls */
};

/* Gives everything up, for good and for all threads: capabilities (effective, permitted,
 * inheritable, bounding, ambient), supplementary groups, root; then no_new_privs and a seccomp
 * filter (sandbox.h).
 *   Started as root the process becomes wish->user; without one it becomes "nobody", because what
 * is open stays open whoever we are. Only when it has to create files later (writes_files) and no
 * user was named does it stay root: root without capabilities, which may write where root owns the
 * directory and nowhere else by privilege. An unknown user is an error.
 *   Call once, before the first thread starts: capabilities belong to threads. Threads that are on
 * their way out are waited for, up to 2 s.
 * Returns 0, or with diag -ENOENT (no such user), -EBUSY (other threads are running), or the errno
 * of the step that failed. After a failure the process must end: it may be half way. */
int privileges_drop(const struct privileges_wish *wish, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
