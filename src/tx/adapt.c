/* adapt: slows the sender when packets are dropped, and finds out again how fast it may be. Main thread;
 * no clock, no counters of its own. Source: Chiu and Jain, "Analysis of the increase and decrease
 * algorithms for congestion avoidance", 1989 (AIMD); RFC 7661 (a rate that is not used is not raised). */
#include "tx/adapt.h"

#include "base/clock.h"

#define INTERVAL_NS (90 * NS_PER_MS)  /* less says little */
#define SETTLE_NS   (300 * NS_PER_MS) /* from a decision to counters that show it */
#define LOSS        0.001             /* of the packets of an interval: more is too much */
#define DECREASE    0.7
#define INCREASE    0.1 /* of the rate that was too much, a second */
#define IN_USE      0.75

void adapt_init(struct adapt *a, double min_pps, double max_pps, int64_t now_ns)
{
	*a = (struct adapt){
	    .min_pps = min_pps,
	    .max_pps = max_pps,
	    .pps = max_pps,
	    .lowest_pps = max_pps,
	    .reached_pps = max_pps,
	    .settled_ns = now_ns,
	};
	a->last.at_ns = now_ns;
}

static bool is_lossy(uint64_t n_lost, uint64_t n_whole)
{
	return n_lost > 0 && (double)n_lost > LOSS * (double)(n_lost + n_whole);
}

static void slow_down(struct adapt *a, double sent_pps, int64_t now_ns)
{
	/* Asked for far more than is possible, what was sent is the measure. A stall that lost packets
	 * also sent few: not below what was sent before it. */
	double reached = sent_pps > a->sent_pps ? sent_pps : a->sent_pps;
	a->reached_pps = reached < a->pps ? reached : a->pps;
	a->pps = a->reached_pps * DECREASE;
	if (a->pps < a->min_pps)
		a->pps = a->min_pps;
	if (a->pps < a->lowest_pps)
		a->lowest_pps = a->pps;
	a->n_slowdowns++;
	a->settled_ns = now_ns + SETTLE_NS;
}

static void speed_up(struct adapt *a, double sent_pps, double seconds)
{
	if (a->pps >= a->max_pps || sent_pps < IN_USE * a->pps)
		return;
	double base = a->reached_pps > a->min_pps ? a->reached_pps : a->min_pps;
	a->pps += base * INCREASE * seconds;
	if (a->pps > a->max_pps)
		a->pps = a->max_pps;
}

double adapt_step(struct adapt *a, const struct adapt_sample *now)
{
	int64_t span_ns = now->at_ns - a->last.at_ns;
	if (span_ns < INTERVAL_NS)
		return a->pps;
	double seconds = (double)span_ns / (double)NS_PER_SEC;
	uint64_t n_sent = now->n_sent - a->last.n_sent;
	double sent_pps = (double)n_sent / seconds;
	bool has_loss =
	    is_lossy(now->n_rx_lost - a->last.n_rx_lost, now->n_received - a->last.n_received) ||
	    is_lossy(now->n_tx_lost - a->last.n_tx_lost, n_sent);
	a->last = *now;
	if (now->at_ns >= a->settled_ns) {
		if (has_loss)
			slow_down(a, sent_pps, now->at_ns);
		else
			speed_up(a, sent_pps, seconds);
	}
	a->sent_pps += (sent_pps - a->sent_pps) / 4;
	return a->pps;
}
