#ifndef TX_LATE_H
#define TX_LATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/delivery.h"

/* Servers that fall behind, told from how many have answered data soon after it was due to be answered: the
 * first sign, for nothing is lost yet. What waits in a server's queue is served a little later, or reset
 * when the queue is full. Only where targets come in random order, so that every stretch of time is a fair
 * sample. How far away they are does not matter. Pure; one thread. */

struct late {
	double usual;        /* part that has answered so soon; 0: not known */
	uint64_t since_slot; /* older ones say nothing about what is now */
	/* The cuts in a row that have not helped yet. */
	unsigned n_cuts;
	double before_pps;
	bool was_starting;
};

void late_init(struct late *late, int64_t now_ns);

/* Have far fewer than usual answered of those that have been due for 100 to 200 ms? *part is how many are
 * missing. said: by the time at which an answer was due (data sent, and a round trip), connections that
 * acknowledged our data (n_first) and those that have answered it (n_again). */
bool late_find(struct late *late, const struct delivery_report *said, double *part);

/* What was due before from_ns says nothing. */
void late_restart(struct late *late, int64_t from_ns);

/* What is usual is to be learnt anew. */
void late_forget(struct late *late);

#endif
