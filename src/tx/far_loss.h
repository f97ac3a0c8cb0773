#ifndef TX_FAR_LOSS_H
#define TX_FAR_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/delivery.h"

/* Losses beyond this host, told from answers. The sign is a connection whose first data was
 * acknowledged only after it had been sent again, held against those that acknowledged it at once, by
 * the time at which the data was first sent. Neither how many targets answer, nor in what order sparse
 * and dense regions come, nor peers that never acknowledge anything are in it. Pure; one thread. */

struct far_loss {
	/* What is usual, at rates that are not too much: connections, the older the less they count. */
	double usual_first, usual_again;
	uint64_t learnt_slot;        /* up to it */
	uint64_t since_slot;         /* older ones say nothing about what is now */
	uint64_t sent_slot;          /* the newest of: */
	double sent[DELIVERY_SLOTS]; /* packets sent in each */
};

/* What the answers show. */
struct far_loss_finding {
	uint64_t n;             /* connections that say so */
	int64_t from_ns, to_ns; /* sent in this stretch of time */
	double part;            /* of the packets: lost there and back */
	double excess;          /* of them, beyond what is usual */
	double sent_pps;        /* what was sent when it happened */
	double yield;           /* connections that acknowledged data a packet sent */
	bool is_good;           /* nothing suggests that more than usual is lost */
};

void far_loss_init(struct far_loss *far, int64_t now_ns);

/* n packets were sent between two times. */
void far_loss_note_sent(struct far_loss *far, int64_t from_ns, int64_t to_ns, uint64_t n);

/* The packets sent in a slot that is among the last DELIVERY_SLOTS. */
static inline double far_loss_get_sent(const struct far_loss *far, uint64_t slot)
{
	return far->sent[slot % DELIVERY_SLOTS];
}

/* Looks whether more is lost than usual, beyond chance, in the newest stretch of time of which most is
 * known. False: not so, as far as can be told; then what is usual is learnt. *out tells of the stretch. */
bool far_loss_find(
    struct far_loss *far, const struct delivery_report *answers, struct far_loss_finding *out);

/* What was sent before from_ns says no more about what is now. */
void far_loss_restart(struct far_loss *far, int64_t from_ns);

/* So much is lost whatever the rate. */
void far_loss_set_usual(struct far_loss *far, double part);

/* The part that is usually lost. */
double far_loss_get_usual(const struct far_loss *far);

#endif
