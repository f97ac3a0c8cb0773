#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bounded queue of 64-byte messages between exactly one producer thread and one consumer thread.
 * Messages are copied in and out: no pointer into the ring is ever handed out. Which type travels
 * in which ring is written in engine/messages.h. Opaque; memory is sized once. */
struct ring;

enum { RING_CELL_LEN = 64 };

/* Room for one message of any kind, cache-line aligned: what ring_pop_n fills. */
struct ring_cell {
	_Alignas(RING_CELL_LEN) uint8_t b[RING_CELL_LEN];
};

/* Makes an empty ring. n_cells is a power of two, 2 to 2^30; one cell stays empty to tell full from
 * empty, so that the ring holds n_cells - 1 messages. Returns 0, -EINVAL (not such a number) or
 * -ENOMEM; the caller owns *out. Before threads start. */
int ring_create(size_t n_cells, struct ring **out) __attribute__((warn_unused_result));

/* Frees the ring and forgets what is in it; NULL is fine. After both threads have ended. */
void ring_destroy(struct ring *ring);

/* Copies len bytes (1 to RING_CELL_LEN) of msg into the ring. False: the ring is full and nothing
 * happened. Producer thread, O(1), never waits. */
bool ring_push(struct ring *ring, const void *msg, size_t len) __attribute__((warn_unused_result));

/* Takes the oldest message and copies its first len bytes (1 to RING_CELL_LEN) to msg. False: the
 * ring is empty and msg is untouched. Consumer thread, O(1), never waits. */
bool ring_pop(struct ring *ring, void *msg, size_t len) __attribute__((warn_unused_result));

/* Takes up to max messages, oldest first, into cells[0..]. Returns how many; 0: empty. Consumer
 * thread, O(result), never waits. */
size_t ring_pop_n(struct ring *ring, struct ring_cell *cells, size_t max)
    __attribute__((warn_unused_result));

/* How many messages the ring can hold (n_cells - 1). Any thread. */
size_t ring_get_capacity(const struct ring *ring);

/* How many messages are in the ring at some moment of the call. The producer may rely on it as an
 * upper bound of what it finds later, the consumer as a lower bound; others get an estimate (status
 * line, valve of the generator). Any thread, O(1). */
size_t ring_get_level(const struct ring *ring);

#endif
