/* turns: when a request is served, and which do not fit. Owned by the I/O thread. Refuses to keep a list: a
 * queue that is served evenly is one number, the time at which it is empty. */
#include "tests/netsim/turns.h"

#include "base/clock.h"

void turns_init(struct turns *turns, uint32_t per_second, uint32_t n_waiting)
{
	*turns = (struct turns){0};
	if (per_second == 0)
		return;
	turns->each_ns = NS_PER_SEC / per_second;
	turns->room_ns = turns->each_ns * ((int64_t)n_waiting + 1);
}

bool turns_take(struct turns *turns, int64_t now_ns, int64_t *at_ns)
{
	int64_t free_ns = turns->free_ns > now_ns ? turns->free_ns : now_ns;
	free_ns += turns->each_ns;
	if (free_ns - now_ns > turns->room_ns)
		return false;
	turns->free_ns = *at_ns = free_ns;
	return true;
}
