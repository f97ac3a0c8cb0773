#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Puts bytes flush against a PROT_NONE page, so that a parser that reads one byte too many dies. */

enum { GUARD_MAX = 1 << 17 };

struct guard {
	uint8_t *end; /* first byte of the forbidden page */
};

/* Maps room for GUARD_MAX bytes; never unmapped. */
static inline struct guard guard_create(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(
	    NULL, GUARD_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(map != MAP_FAILED);
	int err = mprotect(map + GUARD_MAX, page, PROT_NONE);
	assert(err == 0);
	(void)err;
	return (struct guard){.end = map + GUARD_MAX};
}

/* A copy of len bytes (at most GUARD_MAX) that ends at the forbidden page. */
static inline uint8_t *guard_put(const struct guard *guard, const void *bytes, size_t len)
{
	assert(len <= GUARD_MAX);
	uint8_t *p = guard->end - len;
	if (len)
		memcpy(p, bytes, len);
	return p;
}

#endif
