#ifndef TX_ADAPT_H
#define TX_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

/* How fast to send, given what got lost: additive increase, multiplicative decrease between two rates.
 * Pure: counters and times in, a rate out. One thread. */

struct adapt {
	double min_pps, max_pps;
	double pps; /* allowed now */
	/* What was really sent when packets were last dropped; steps up are a part of it. */
	double reached_pps;
	double sent_pps;    /* smoothed */
	int64_t settled_ns; /* what was decided has its effect by then */
	uint64_t n_slowdowns;
	double lowest_pps; /* that was ever allowed */
	struct adapt_sample {
		int64_t at_ns; /* monotonic */
		uint64_t n_sent, n_received;
		uint64_t n_rx_lost; /* came to this host and were not received */
		uint64_t n_tx_lost; /* were sent and did not leave it */
	} last;
};

/* Starts at max_pps. 0 < min_pps <= max_pps. */
void adapt_init(struct adapt *adapt, double min_pps, double max_pps, int64_t now_ns);

/* Looks at the totals since the start, which only grow; a few times a second. Returns the rate to send
 * at from now on. */
double adapt_step(struct adapt *adapt, const struct adapt_sample *now);

#endif
