/* wheel: deadlines by index. Owned by the I/O thread. Refuses nothing: time that stands still or jumps
 * ahead only delays. Source: Varghese, Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987. */
#include "tests/netsim/wheel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

/* The slot after the last holds what is due, so that callbacks may cancel and rearm that too. */
enum { N_SLOTS = 8192, SLOT_DUE = N_SLOTS };
#define NIL UINT32_MAX

/* prev of the first node of a slot is NIL; is_armed is slot1 != 0 */
struct node {
	int64_t tick;
	uint32_t next;
	uint32_t prev;
	uint32_t slot1; /* slot + 1; 0: not armed, so that zeroed memory is a valid wheel */
};

struct wheel {
	int64_t tick; /* everything up to here has expired */
	uint32_t n_armed;
	uint32_t n;
	uint32_t heads[N_SLOTS + 1];
	struct node *nodes;
};

int wheel_create(uint32_t n, struct wheel **out)
{
	struct wheel *w = calloc(1, sizeof(*w));
	struct node *nodes = calloc(n ? n : 1, sizeof(*nodes));
	if (!w || !nodes) {
		free(w);
		free(nodes);
		return -ENOMEM;
	}
	w->nodes = nodes;
	w->n = n;
	for (int i = 0; i <= N_SLOTS; i++)
		w->heads[i] = NIL;
	*out = w;
	return 0;
}

void wheel_destroy(struct wheel *wheel)
{
	if (!wheel)
		return;
	free(wheel->nodes);
	free(wheel);
}

bool wheel_is_armed(const struct wheel *wheel, uint32_t index)
{
	return wheel->nodes[index].slot1 != 0;
}

uint32_t wheel_count(const struct wheel *wheel)
{
	return wheel->n_armed;
}

void wheel_cancel(struct wheel *wheel, uint32_t index)
{
	struct node *node = &wheel->nodes[index];
	if (node->slot1 == 0)
		return;
	if (node->prev != NIL)
		wheel->nodes[node->prev].next = node->next;
	else
		wheel->heads[node->slot1 - 1] = node->next;
	if (node->next != NIL)
		wheel->nodes[node->next].prev = node->prev;
	node->slot1 = 0;
	wheel->n_armed--;
}

static void link_node(struct wheel *wheel, uint32_t index, int64_t tick, uint32_t slot)
{
	struct node *node = &wheel->nodes[index];
	*node =
	    (struct node){.tick = tick, .next = wheel->heads[slot], .prev = NIL, .slot1 = slot + 1};
	if (node->next != NIL)
		wheel->nodes[node->next].prev = index;
	wheel->heads[slot] = index;
	wheel->n_armed++;
}

void wheel_arm(struct wheel *wheel, uint32_t index, int64_t deadline_ns)
{
	assert(index < wheel->n);
	wheel_cancel(wheel, index);
	/* rounded up, so that nothing expires early */
	int64_t tick = (deadline_ns + NS_PER_MS - 1) / NS_PER_MS;
	if (tick <= wheel->tick)
		tick = wheel->tick + 1;
	link_node(wheel, index, tick, (uint32_t)((uint64_t)tick % N_SLOTS));
}

void wheel_arm_by(struct wheel *wheel, uint32_t index, int64_t deadline_ns)
{
	const struct node *node = &wheel->nodes[index];
	if (node->slot1 == 0 || node->tick > (deadline_ns + NS_PER_MS - 1) / NS_PER_MS)
		wheel_arm(wheel, index, deadline_ns);
}

void wheel_prefetch(const struct wheel *wheel, uint32_t index)
{
	if (index < wheel->n)
		__builtin_prefetch(&wheel->nodes[index], 1);
}

static void expire_slot(struct wheel *wheel, uint32_t slot, wheel_fn *fn, void *ctx)
{
	for (uint32_t i = wheel->heads[slot]; i != NIL;) {
		uint32_t next = wheel->nodes[i].next;
		if (wheel->nodes[i].tick <= wheel->tick) {
			wheel_cancel(wheel, i);
			link_node(wheel, i, wheel->tick, SLOT_DUE);
		}
		i = next;
	}
	while (wheel->heads[SLOT_DUE] != NIL) {
		uint32_t i = wheel->heads[SLOT_DUE];
		wheel_cancel(wheel, i);
		fn(ctx, i);
	}
}

void wheel_expire(struct wheel *wheel, int64_t now_ns, wheel_fn *fn, void *ctx)
{
	int64_t target = now_ns / NS_PER_MS;
	if (wheel->n_armed == 0) {
		if (target > wheel->tick)
			wheel->tick = target;
		return;
	}
	int64_t from = wheel->tick + 1;
	if (target - from >= N_SLOTS)
		from = target - N_SLOTS + 1;
	for (int64_t tick = from; tick <= target; tick++) {
		wheel->tick = tick > target - N_SLOTS ? tick : wheel->tick;
		expire_slot(wheel, (uint32_t)((uint64_t)tick % N_SLOTS), fn, ctx);
	}
}
