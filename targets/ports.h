#ifndef TARGETS_PORTS_H
#define TARGETS_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

/* A set of ports in an order. Immutable after parsing; any thread may read. */
struct port_set {
	uint32_t n;
	uint16_t *list;    /* n ports, host order, owned; in the order written, each once */
	uint8_t has[8192]; /* bit per port */
};

/* Parses len bytes such as "22,80,8000-8100", "all" (1-65535), "common" (ports_common.def), or any
 * of them between commas. Returns 0 and an owned set; -EINVAL with diag saying which part is wrong;
 * -ENOMEM. */
int port_set_parse(const char *text, size_t len, struct diag *diag, struct port_set **out)
    __attribute__((warn_unused_result));

/* The union of n sets, ascending. Returns 0 or -ENOMEM. */
int port_set_union(const struct port_set *const *sets, size_t n, struct port_set **out)
    __attribute__((warn_unused_result));

/* The same ports, ascending. */
void port_set_sort(struct port_set *set);

/* NULL is accepted. */
void port_set_destroy(struct port_set *set);

static inline bool port_set_has(const struct port_set *set, uint16_t port)
{
	return set->has[port >> 3] >> (port & 7) & 1;
}

/* Writes the set as text that port_set_parse reads back ("22,80,8000-8100"), at most cap bytes with
 * the NUL, and returns the length the whole text has. Ranges stand for ports that follow each other. */
size_t port_set_format(const struct port_set *set, char *buf, size_t cap);

#endif
