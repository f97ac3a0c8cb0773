/* keys: packed fixed-width keys and their in-place sort. Pure memory, no I/O; one owning thread.
 * Source of the sort: McIlroy, Bostic, McIlroy, "Engineering Radix Sort", Computing Systems 6(1),
 * 1993. The recursion is bounded by the key width (32), never by the input. */
#include "targets/keys.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Below this many keys comparing beats counting. */
enum { INSERTION_MAX = 24 };

void keys_init(struct keys *keys, unsigned width)
{
	assert(width > 0 && width <= KEYS_WIDTH_MAX);
	*keys = (struct keys){.width = width};
}

void keys_fini(struct keys *keys)
{
	free(keys->p);
	*keys = (struct keys){.width = keys->width};
}

uint8_t *keys_push(struct keys *keys)
{
	if (keys->n == keys->cap) {
		size_t cap = keys->cap ? keys->cap + keys->cap / 2 : 256;
		if (cap > SIZE_MAX / 2 / keys->width)
			return NULL;
		uint8_t *p = realloc(keys->p, cap * keys->width);
		if (!p)
			return NULL;
		keys->p = p;
		keys->cap = cap;
	}
	return keys->p + keys->n++ * keys->width;
}

static inline __attribute__((always_inline)) void insertion_sort(uint8_t *p, size_t n, unsigned w)
{
	uint8_t key[KEYS_WIDTH_MAX];
	for (size_t i = 1; i < n; i++) {
		size_t j = i;
		memcpy(key, p + i * w, w);
		while (j > 0 && memcmp(p + (j - 1) * w, key, w) > 0)
			j--;
		if (j < i) {
			memmove(p + (j + 1) * w, p + j * w, (i - j) * w);
			memcpy(p + j * w, key, w);
		}
	}
}

static inline __attribute__((always_inline)) void swap_keys(uint8_t *a, uint8_t *b, unsigned w)
{
	uint8_t key[KEYS_WIDTH_MAX];
	memcpy(key, a, w);
	memcpy(a, b, w);
	memcpy(b, key, w);
}

/* Puts each key into the bucket of its byte number depth; start and end hold the bucket borders. */
static inline __attribute__((always_inline)) void scatter(
    uint8_t *p, size_t start[256], const size_t end[256], unsigned w, unsigned depth)
{
	for (unsigned b = 0; b < 256; b++) {
		while (start[b] < end[b]) {
			uint8_t *key = p + start[b] * w;
			unsigned home = key[depth];
			if (home == b)
				start[b]++;
			else
				swap_keys(key, p + start[home]++ * w, w);
		}
	}
}

typedef void sort_fn(uint8_t *p, size_t n, unsigned depth);

/* One level of the sort: splits by byte depth, sorts each bucket by the next with self. */
static inline __attribute__((always_inline)) void sort_level(
    uint8_t *p, size_t n, unsigned w, unsigned depth, sort_fn *self)
{
	size_t start[256], end[256];
	for (; depth < w; depth++) {
		if (n <= INSERTION_MAX) {
			insertion_sort(p, n, w);
			return;
		}
		memset(end, 0, sizeof(end));
		for (size_t i = 0; i < n; i++)
			end[p[i * w + depth]]++;
		if (end[p[depth]] != n)
			break; /* a byte that all share sorts nothing */
	}
	if (depth == w)
		return;
	size_t at = 0;
	for (unsigned b = 0; b < 256; b++) {
		start[b] = at;
		at += end[b];
		end[b] = at;
	}
	scatter(p, start, end, w, depth);
	size_t from = 0;
	for (unsigned b = 0; b < 256; b++) {
		if (end[b] - from > 1)
			self(p + from * w, end[b] - from, depth + 1);
		from = end[b];
	}
}

/* The compiler makes the copies of a key cheap when it knows the width. */
#define SORT_OF_WIDTH(W)                                                                           \
	static void sort_##W(uint8_t *p, size_t n, unsigned depth)                                 \
	{                                                                                          \
		sort_level(p, n, W, depth, sort_##W);                                              \
	}
SORT_OF_WIDTH(4)
SORT_OF_WIDTH(6)
SORT_OF_WIDTH(8)
SORT_OF_WIDTH(16)
SORT_OF_WIDTH(18)
SORT_OF_WIDTH(32)

void keys_sort(struct keys *keys)
{
	sort_fn *sort = keys->width == 4    ? sort_4
			: keys->width == 6  ? sort_6
			: keys->width == 8  ? sort_8
			: keys->width == 16 ? sort_16
			: keys->width == 18 ? sort_18
					    : sort_32;
	assert(sort != sort_32 || keys->width == 32);
	if (keys->n > 1)
		sort(keys->p, keys->n, 0);
}

void keys_dedup(struct keys *keys)
{
	size_t n = 0, w = keys->width;
	for (size_t i = 0; i < keys->n; i++) {
		if (n > 0 && memcmp(keys->p + (n - 1) * w, keys->p + i * w, w) == 0)
			continue;
		if (n != i)
			memcpy(keys->p + n * w, keys->p + i * w, w);
		n++;
	}
	keys->n = n;
	keys_trim(keys);
}

void keys_trim(struct keys *keys)
{
	if (keys->n == keys->cap || keys->n == 0)
		return;
	uint8_t *p = realloc(keys->p, keys->n * keys->width);
	if (p) {
		keys->p = p;
		keys->cap = keys->n;
	}
}
