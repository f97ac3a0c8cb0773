/* late: do answers come later than they should? Main thread; no clock. Refuses to judge few of them, and to
 * take for usual what it finds too little. Source: R. Jain, "A delay-based approach
 * for congestion avoidance", ACM CCR 19(5), 1989: a queue shows as delay before it loses. */
#include "tx/late.h"

#define LEARNS 0.1
#define LEAST  0.5 /* of what is usual: slow servers are in every population */
enum {
	ASKED_MIN = 200,
	LOOK_BACK = 10, /* slots, until so many were asked */
};

void late_init(struct late *l, int64_t now_ns)
{
	*l = (struct late){.since_slot = delivery_slot_of(now_ns)};
}

bool late_find(struct late *l, const struct delivery_report *said, double *part)
{
	double n_asked = 0, n_said = 0;
	/* The newest slot that is over; more where few are asked: they have had more time. */
	for (uint64_t age = 1; age <= LOOK_BACK && n_asked < ASKED_MIN; age++) {
		if (said->slot < age || said->slot - age < l->since_slot)
			break;
		n_asked += said->ago[age].n_first;
		n_said += said->ago[age].n_again;
	}
	if (n_asked < ASKED_MIN)
		return false;
	double share = n_said / n_asked;
	if (l->usual > 0 && share < LEAST * l->usual) {
		*part = 1 - share / l->usual;
		return true;
	}
	l->usual = l->usual > 0 ? l->usual + LEARNS * (share - l->usual) : share;
	l->n_cuts = 0;
	return false;
}

void late_restart(struct late *l, int64_t from_ns)
{
	l->since_slot = delivery_slot_of(from_ns) + 1;
}

void late_forget(struct late *l)
{
	l->usual = 0;
	l->n_cuts = 0;
}
