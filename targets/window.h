#ifndef TARGETS_WINDOW_H
#define TARGETS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"

/* Remembers which targets were there, in bounded memory: everything until cap of them came, after that at
 * least the last cap. Two tables of 64-bit fingerprints; the older one is forgotten when the younger
 * is full. That two of a million targets share a fingerprint has a chance of 3e-8. One owner. */
struct window_table {
	uint64_t *slot; /* 0: free */
	size_t n_slots; /* a power of two; 0: not allocated */
	size_t n;
};

struct window {
	struct window_table young, old;
	size_t cap;
};

/* cap >= 1. Allocates nothing. */
void window_init(struct window *window, size_t cap);
void window_fini(struct window *window);

/* Takes all the memory it may need. Returns false when memory is out. */
bool window_reserve(struct window *window);

/* Fingerprint of an address and port (0: the address alone). Never 0. */
uint64_t window_key(const struct ipaddr *addr, uint16_t port);

/* Begins loading what window_has() will read. A macro, because gcc 12 drops calls of inline functions that
 * do nothing but prefetch. */
#define WINDOW_PREFETCH(from, key)                                                                 \
	do {                                                                                       \
		uint64_t key_ = (key);                                                             \
		if ((from)->young.n_slots)                                                         \
			__builtin_prefetch(                                                        \
			    (from)->young.slot + (key_ & ((from)->young.n_slots - 1)));            \
		if ((from)->old.n)                                                                 \
			__builtin_prefetch((from)->old.slot + (key_ & ((from)->old.n_slots - 1))); \
	} while (0)

bool window_has(const struct window *window, uint64_t key);

/* Remembers key. Returns false, and forgets it at once, only when memory is out. */
bool window_add(struct window *window, uint64_t key);

/* Was it there? Remembers it if not, as window_add(). */
bool window_test_and_add(struct window *window, uint64_t key);

/* Forgets what was added before the last call of this: for windows of time. */
void window_rotate(struct window *window);

#endif
