#ifndef TESTS_UNIT_TARGETS_UTIL_H
#define TESTS_UNIT_TARGETS_UTIL_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "targets/targets.h"

/* Text of a target as `synspect targets` prints it. */
static inline const char *target_text(const struct target *target)
{
	static char buf[IPADDR_STRLEN + 16];
	size_t n = 0;
	bool is_v4 = ipaddr_is_v4(&target->addr);
	if (!is_v4)
		buf[n++] = '[';
	n += ipaddr_format(&target->addr, buf + n);
	if (!is_v4)
		buf[n++] = ']';
	buf[n++] = ':';
	unsigned port = target->port;
	for (unsigned unit = 10000; unit > 0; unit /= 10)
		if (port >= unit || unit == 1)
			buf[n++] = (char)('0' + port / unit % 10);
	buf[n] = '\0';
	return buf;
}

/* A specification from TARGET arguments; lists end with NULL. */
static inline struct targets_spec spec_of(char *const *args, const char *ports)
{
	struct targets_spec spec = {
	    .targets = args, .ports = ports, .seed = 1, .allow_reserved = true};
	while (args[spec.n_targets])
		spec.n_targets++;
	return spec;
}

/* Everything that one slice yields, at most cap targets, in odd portions. */
static inline size_t take_all(
    struct targets *targets, uint32_t slice, uint32_t n_slices, struct target *out, size_t cap)
{
	struct targets_iter it;
	size_t n = 0;
	targets_iter_init(&it, targets, slice, n_slices);
	while (it.status == TARGETS_OK && n < cap)
		n += targets_iter_next(&it, out + n, cap - n < 37 ? cap - n : 37);
	return n;
}

static inline int compare_targets(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int d = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));
	return d ? d : (int)x->port - (int)y->port;
}

#endif
