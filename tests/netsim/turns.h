#ifndef NETSIM_TURNS_H
#define NETSIM_TURNS_H

#include <stdbool.h>
#include <stdint.h>

/* The queue before the one machine that runs all servers: so many requests a second, in their order. Only
 * times are kept, so that it holds any number. A value; one owner; no clock. */
struct turns {
	int64_t each_ns; /* what a request takes; 0: nothing, there is no queue */
	int64_t room_ns; /* of waiting: a request that would wait longer does not fit */
	int64_t free_ns; /* when all that were let in are done */
};

/* per_second: requests that are served; 0: all of them, at once. n_waiting: how many may wait, besides the
 * one that is being served. */
void turns_init(struct turns *turns, uint32_t per_second, uint32_t n_waiting);

static inline bool turns_are_limited(const struct turns *turns)
{
	return turns->each_ns > 0;
}

/* A request that comes at now_ns (never decreasing) takes its place. False: there is none. *at_ns: when it
 * is served; a client that has gone by then takes its time all the same, for the server does not know. O(1). */
bool turns_take(struct turns *turns, int64_t now_ns, int64_t *at_ns);

#endif
