/* ring: bounded message queues between two threads; the only user of Concurrency Kit.
 * Thread: one producer and one consumer a ring, anybody for the level. Refuses to wait, to allocate
 * after creation, and to hand out pointers into itself.
 * Source: ck_ring(3), the single-producer single-consumer variant of Lamport's queue. */
#include "base/ring.h"

#include <ck_ring.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/dassert.h"

_Static_assert(sizeof(struct ring_cell) == RING_CELL_LEN, "an array of cells has no gaps");

CK_RING_PROTOTYPE(cell, ring_cell)

struct ring {
	_Alignas(RING_CELL_LEN) struct ck_ring ck; /* keeps both indices on lines of their own */
	struct ring_cell *cells;
};

/* ck's fences are assembly, which ThreadSanitizer cannot see: without these it would report every
 * message that crosses a ring as a race, and miss none of ours. */
#if defined(__SANITIZE_THREAD__)
#define RING_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RING_TSAN 1
#endif
#endif
#ifdef RING_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#define tsan_acquire(addr)  __tsan_acquire(addr)
#define tsan_release(addr)  __tsan_release(addr)
#define tsan_ignore_begin() AnnotateIgnoreReadsBegin(__FILE__, __LINE__)
#define tsan_ignore_end()   AnnotateIgnoreReadsEnd(__FILE__, __LINE__)
#else
#define tsan_acquire(addr)  ((void)(addr))
#define tsan_release(addr)  ((void)(addr))
#define tsan_ignore_begin() ((void)0)
#define tsan_ignore_end()   ((void)0)
#endif

int ring_create(size_t n_cells, struct ring **out)
{
	if (n_cells < 2 || n_cells > (size_t)1 << 30 || (n_cells & (n_cells - 1)) != 0)
		return -EINVAL;
	if (n_cells > SIZE_MAX / sizeof(struct ring_cell))
		return -ENOMEM;
	struct ring *ring = aligned_alloc(
	    RING_CELL_LEN, (sizeof(*ring) + RING_CELL_LEN - 1) / RING_CELL_LEN * RING_CELL_LEN);
	if (!ring)
		return -ENOMEM;
	ring->cells = aligned_alloc(RING_CELL_LEN, n_cells * sizeof(struct ring_cell));
	if (!ring->cells) {
		free(ring);
		return -ENOMEM;
	}
	ck_ring_init(&ring->ck, (unsigned)n_cells);
	*out = ring;
	return 0;
}

void ring_destroy(struct ring *ring)
{
	if (!ring)
		return;
	free(ring->cells);
	free(ring);
}

bool ring_push(struct ring *ring, const void *msg, size_t len)
{
	dassert(len > 0 && len <= RING_CELL_LEN);
	struct ring_cell *cell = ck_ring_enqueue_reserve_spsc_cell(&ring->ck, ring->cells);
	if (!cell)
		return false;
	memcpy(cell->b, msg, len);
	tsan_release(ring);
	ck_ring_enqueue_commit_spsc(&ring->ck);
	return true;
}

bool ring_pop(struct ring *ring, void *msg, size_t len)
{
	dassert(len > 0 && len <= RING_CELL_LEN);
	struct ring_cell cell;
	if (ring_pop_n(ring, &cell, 1) == 0)
		return false;
	memcpy(msg, cell.b, len);
	return true;
}

size_t ring_pop_n(struct ring *ring, struct ring_cell *cells, size_t max)
{
	/* What is visible now is taken; what arrives meanwhile is for the next call, so that a fast
	 * producer cannot hold the consumer here. */
	size_t n = ck_ring_size(&ring->ck);
	if (n > max)
		n = max;
	if (n == 0)
		return 0;
	ck_pr_fence_load();
	tsan_acquire(ring);
	tsan_ignore_begin();
	size_t n_taken = 0;
	while (n_taken < n && ck_ring_dequeue_spsc_cell(&ring->ck, ring->cells, &cells[n_taken]))
		n_taken++;
	tsan_ignore_end();
	return n_taken;
}

size_t ring_get_capacity(const struct ring *ring)
{
	return ck_ring_capacity(&ring->ck) - 1;
}

size_t ring_get_level(const struct ring *ring)
{
	return ck_ring_size(&ring->ck);
}
