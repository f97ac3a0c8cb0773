#ifndef TX_SYN_LOSS_H
#define TX_SYN_LOSS_H

#include "tx/far_loss.h"

/* Losses of SYNs beyond this host, told from how many of them are answered. Only where targets come in
 * random order: then every stretch of time is a fair sample, and what is answered less than before was
 * lost. A full queue spares the packets of sessions, which come one by one as answers do, and drops SYNs,
 * which come in bursts: first data (far_loss.h) hardly shows that. Pure; one thread. */

struct syn_loss {
	/* What is usual: first SYNs and their answers, the older the less they count. */
	double usual_sent, usual_answered;
	uint64_t learnt_slot; /* up to it */
	uint64_t since_slot;  /* older ones say nothing about what is now */
};

void syn_loss_init(struct syn_loss *loss, int64_t now_ns);

/* Looks whether fewer first SYNs than usual are answered, beyond chance, in the newest stretches of time.
 * False: not so, as far as can be told; then what is usual is learnt. *out tells of the stretch: part is of
 * SYNs, excess of all packets, n counts answers, yield is answers a SYN. answers (n_first) and
 * sent, first SYNs and (n_again) others, whose answers nobody can tell from those: by the time at which the
 * SYN was sent. far: knows the packets that were sent. */
bool syn_loss_find(struct syn_loss *loss, const struct far_loss *far,
    const struct delivery_report *answers, const struct delivery_report *sent,
    struct far_loss_finding *out);

/* Is it known yet what is usual? */
bool syn_loss_is_ready(const struct syn_loss *loss);

/* What was sent before from_ns says no more about what is now. */
void syn_loss_restart(struct syn_loss *loss, int64_t from_ns);

/* What is usual is to be learnt anew. */
void syn_loss_forget(struct syn_loss *loss);

#endif
