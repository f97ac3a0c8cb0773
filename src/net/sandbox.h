#ifndef NET_SANDBOX_H
#define NET_SANDBOX_H

#include <stdbool.h>

#include "base/diag.h"

/* The seccomp filter: the system calls that a running scan makes, and no other. A call that is not
 * on the list kills the process (SIGSYS) and leaves a line in the kernel's log: a list that is too
 * short has to be seen, and one call that is refused with an error could be worse than an end.
 *
 * Builds with a sanitizer have no filter (their runtime makes calls of its own, ptrace among
 * them): configure --with-sanitizer=... is the build-time way to do without. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_IS_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANDBOX_IS_OFF 1
#endif
#endif

struct sandbox_wish {
	bool writes_files;   /* open for writing, rename, unlink, fsync */
	bool resolves_names; /* sockets of getaddrinfo(3), and loading of its plug-ins */
};

/* Installs the filter for all threads. Needs no_new_privs. Returns 0, or with diag a negative errno
 * (-EOPNOTSUPP: the kernel has no seccomp). */
int sandbox_enter(const struct sandbox_wish *wish, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
