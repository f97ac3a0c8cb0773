#ifndef BASE_BELL_H
#define BASE_BELL_H

#include <stdint.h>

/* Ends a thread's nap when somebody has put something into one of its rings. Whoever rings first and naps
 * later, or the other way round: a bell that was rung ends the next nap, once. Owned by the thread that naps;
 * its rings say what there is to do, the bell only when to look. */
struct bell {
	_Alignas(64) uint32_t state; /* atomic; enum in bell.c; a line of its own */
};

/* Before threads start. */
void bell_init(struct bell *bell);

/* After the message is in the ring. Any thread, O(1); a system call only when the owner naps. What happened
 * before is seen by the owner after its nap. */
void bell_ring(struct bell *bell);

/* Sleeps for at most duration_ns, until the bell is or was rung; a signal may end it early. <= 0 returns at
 * once. The owner. */
void bell_nap(struct bell *bell, int64_t duration_ns);

#endif
