#ifndef TARGETS_RESOLVE_H
#define TARGETS_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/ipaddr.h"

/* Host names to addresses, many at a time. */
struct resolver;

enum { RESOLVE_MAX_ADDRS = 64, RESOLVE_NAME_LEN = 256 };

struct resolve_job; /* one name; made by resolver_submit(), given back with resolve_job_release() */

/* Starts nothing yet: threads start with the first names, at most 16. Returns 0 or -ENOMEM. */
int resolver_create(struct resolver **out) __attribute__((warn_unused_result));

/* Names still being looked up go on in the background and are forgotten. NULL is accepted. */
void resolver_destroy(struct resolver *resolver);

/* Begins to look up name (len < RESOLVE_NAME_LEN, copied). Returns 0 and an owned job; -ENOMEM;
 * -EAGAIN when not one thread could be started. */
int resolver_submit(struct resolver *resolver, const char *name, size_t len,
    struct resolve_job **out) __attribute__((warn_unused_result));

/* Has the job an answer? Waits for it if asked to. */
bool resolver_poll(struct resolver *resolver, struct resolve_job *job, bool can_wait);

/* The answer, after resolver_poll() said yes: addresses in the order of getaddrinfo(3), each once; borrowed
 * from the job. None: *why says the reason. */
size_t resolve_job_addrs(
    const struct resolve_job *job, const struct ipaddr **addrs, const char **why);

void resolve_job_release(struct resolver *resolver, struct resolve_job *job);

#endif
