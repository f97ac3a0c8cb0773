/* adapt: slows the sender when packets are lost, and finds out again how fast it may be. Main thread;
 * no clock, no counters of its own.
 *
 * What this host lost itself is counted and believed. What was lost beyond it is inferred (far_loss.h);
 * a slower rate must then help: when as much is lost at a rate that should have got through, twice in a
 * row, it is no matter of the rate, and the rate comes back. Between what got through and what was too
 * much the way back halves the gap each second; beyond, it grows the faster the farther it is.
 *
 * Sources: Chiu and Jain 1989 (multiplicative decrease); RFC 9293 and 5681 (slow start; one decrease for
 * the losses of one window); Xu, Harfoush, Rhee 2004 (BIC: binary search for the rate); RFC 7661 (a rate
 * that is not used is not raised). */
#include "tx/adapt.h"

#include <math.h>

#include "base/clock.h"

#define START_PPS     100000.0 /* what is hardly ever too much; growth follows */
#define START_GROWTH  0.85     /* a second, look by look: half as much again in 0.5 s */
#define START_STEP    1.5      /* beyond what answers have shown to be good */
#define IDLE_GROWTH   30.0
#define IDLE_NS       (300 * NS_PER_MS) /* nobody answers: not even the near ones */
#define INTERVAL_NS   (90 * NS_PER_MS)  /* less says little */
#define SETTLE_NS     (300 * NS_PER_MS) /* from a decision to counters that show it */
#define SETTLE_MAX    (2400 * NS_PER_MS)
#define QUEUE_NS      (100 * NS_PER_MS) /* what was queued at a cut still gets lost */
#define CLEAN_NS      (1 * NS_PER_SEC)  /* without a loss: good */
#define TRIAL_NS      (5 * NS_PER_SEC)  /* how long answers may take to show that a cut helped */
#define LOSS          0.001             /* of the packets of an interval: more is too much */
#define NEAR_MAX      0.3 /* a stall of ours loses all for a moment: not more at once */
#define BELOW         0.9 /* of what got through: lets queues empty */
#define GOOD_FALLS    0.7
#define IN_USE        0.75
#define REFUTED_RATE  0.97
#define REFUTED_YIELD 1.3
#define REFUTED_PART  0.5
enum {
	REFUTED_MAX = 2,
	SHOWN_N = 100,
	TRIAL_N = 200, /* connections: they show it if it did not help */
};

void adapt_init(struct adapt *a, double min_pps, double max_pps, int64_t now_ns)
{
	double start = START_PPS > min_pps ? START_PPS : min_pps;
	*a = (struct adapt){
	    .min_pps = min_pps,
	    .max_pps = max_pps,
	    .pps = start < max_pps ? start : max_pps,
	    .is_starting = true,
	    .lowest_pps = max_pps,
	    .settle_ns = SETTLE_NS,
	    .settled_ns = now_ns,
	};
	a->last.at_ns = a->cut_ns = now_ns;
	far_loss_init(&a->far, now_ns);
}

/* ---- down ---- */

/* part of what was sent at reached_pps got lost. */
static void cut(struct adapt *a, double part, double reached_pps, int64_t now_ns)
{
	double reached = reached_pps < a->pps ? reached_pps : a->pps;
	double got = reached * (1 - part);
	bool is_same_trouble = a->pps <= a->cut_pps;
	if (!is_same_trouble) {
		/* A stall is no measure of what is possible; losing again on the way back is. */
		if (reached < a->good_pps)
			a->good_pps = fmax(got, GOOD_FALLS * a->good_pps);
		a->bad_pps = fmax(got, fmin(reached, a->good_pps));
	}
	a->settle_ns = is_same_trouble ? 2 * a->settle_ns : SETTLE_NS;
	if (a->settle_ns > SETTLE_MAX)
		a->settle_ns = SETTLE_MAX;
	a->pps = a->cut_pps = fmax(a->min_pps, BELOW * got);
	a->lowest_pps = fmin(a->lowest_pps, a->pps);
	a->is_starting = false;
	a->n_slowdowns++;
	a->cut_ns = now_ns;
	a->settled_ns = now_ns + a->settle_ns;
	far_loss_restart(&a->far, now_ns + QUEUE_NS);
}

static void cut_near(struct adapt *a, double part, double sent_pps, int64_t now_ns)
{
	/* Asked for far more than is possible, what was sent is the measure. A stall that lost packets
	 * also sent few: not below what was sent before it. */
	a->trial.is_open = false;
	cut(a, part, fmax(sent_pps, a->sent_pps), now_ns);
}

/* The loss has nothing to do with the rate. */
static void undo(struct adapt *a, double part, int64_t now_ns)
{
	struct adapt_trial *t = &a->trial;
	far_loss_set_usual(&a->far, part);
	far_loss_restart(&a->far, now_ns);
	a->pps = fmax(a->pps, t->before_pps);
	a->bad_pps = fmax(a->bad_pps, a->pps);
	a->is_starting = t->was_starting;
	a->n_undone++;
	*t = (struct adapt_trial){0};
}

/* After a cut for a loss beyond this host: is it to be shown yet that it helped? */
static bool is_on_trial(const struct adapt *a, const struct far_loss_finding *seen, int64_t now_ns)
{
	return a->trial.is_open && seen->n < TRIAL_N && now_ns - a->cut_ns < TRIAL_NS;
}

/* As much is lost at a rate that should have got through, and a packet brings no more answers than
 * before: where more than half is lost, that is the surer sign of a cut that was too small. */
static bool is_refuted_by(const struct adapt_trial *t, const struct far_loss_finding *finding)
{
	return t->is_open && finding->n >= TRIAL_N &&
	       finding->sent_pps < REFUTED_RATE * t->got_pps &&
	       finding->yield < REFUTED_YIELD * t->yield &&
	       finding->excess >= REFUTED_PART * t->part &&
	       finding->excess <= t->part / REFUTED_PART;
}

static void cut_far(struct adapt *a, const struct far_loss_finding *finding, int64_t now_ns)
{
	struct adapt_trial *t = &a->trial;
	bool is_refuted = is_refuted_by(t, finding);
	if (is_on_trial(a, finding, now_ns))
		return;
	if (is_refuted && t->n_refuted + 1 >= REFUTED_MAX) {
		undo(a, finding->part, now_ns);
		return;
	}
	if (is_refuted) {
		t->n_refuted++;
	} else {
		*t = (struct adapt_trial){.before_pps = a->pps, .was_starting = a->is_starting};
	}
	t->is_open = true;
	t->part = finding->excess;
	t->yield = finding->yield;
	t->got_pps = finding->sent_pps * (1 - finding->excess);
	cut(a, finding->excess, finding->sent_pps, now_ns);
	a->n_far++;
}

/* ---- up ---- */

/* What a second adds, while nothing was ever lost. Where nobody answers, nothing can be lost and nothing
 * be seen; else the rate stays near one that answers have shown to be good. */
static double start_growth(const struct adapt *a, const struct far_loss_finding *seen)
{
	if (a->last.n_answered == 0)
		return a->last.at_ns - a->cut_ns > IDLE_NS ? IDLE_GROWTH * a->pps : 0;
	bool is_shown = seen->n >= SHOWN_N || seen->sent_pps == 0;
	return is_shown && a->pps > START_STEP * seen->sent_pps ? 0 : START_GROWTH * a->pps;
}

/* What a second adds after a loss. */
static double way_back(const struct adapt *a)
{
	double gap = fabs(a->bad_pps - a->pps) / 2;
	gap = fmax(gap, 0.01 * a->bad_pps);
	return fmin(gap, 0.5 * a->pps);
}

static void speed_up(
    struct adapt *a, double sent_pps, double seconds, const struct far_loss_finding *seen)
{
	if (a->pps >= a->max_pps || sent_pps < IN_USE * a->pps)
		return;
	seconds = fmin(seconds, 0.2); /* a look that came late has not seen more */
	double growth = a->is_starting ? start_growth(a, seen) : way_back(a);
	a->pps = fmin(a->max_pps, a->pps + growth * seconds);
}

/* ---- looks ---- */

static double part_of(uint64_t n_lost, uint64_t n_whole)
{
	double part = n_lost ? (double)n_lost / (double)(n_lost + n_whole) : 0;
	return part > LOSS ? part : 0;
}

static double near_part(const struct adapt *a, const struct adapt_sample *now)
{
	double rx =
	    part_of(now->n_rx_lost - a->last.n_rx_lost, now->n_received - a->last.n_received);
	uint64_t n_tx_lost = now->n_tx_lost - a->last.n_tx_lost;
	uint64_t n_sent = now->n_sent - a->last.n_sent;
	double tx = part_of(n_tx_lost, n_sent > n_tx_lost ? n_sent - n_tx_lost : 0);
	return fmin(fmax(rx, tx), NEAR_MAX);
}

double adapt_step(
    struct adapt *a, const struct adapt_sample *now, const struct delivery_report *answers)
{
	int64_t span_ns = now->at_ns - a->last.at_ns;
	if (span_ns < INTERVAL_NS)
		return a->pps;
	double seconds = (double)span_ns / (double)NS_PER_SEC;
	double sent_pps = (double)(now->n_sent - a->last.n_sent) / seconds;
	double part = near_part(a, now);
	far_loss_note_sent(&a->far, a->last.at_ns, now->at_ns, now->n_sent - a->last.n_sent);
	a->last = *now;
	if (now->at_ns >= a->settled_ns) {
		struct far_loss_finding seen = {0};
		if (part > 0)
			cut_near(a, part, sent_pps, now->at_ns);
		else if (answers && far_loss_find(&a->far, answers, &seen))
			cut_far(a, &seen, now->at_ns);
		else if (!is_on_trial(a, &seen, now->at_ns))
			speed_up(a, sent_pps, seconds, &seen);
	}
	/* From the first look on, and one that came late counts little. */
	a->sent_pps += (sent_pps - a->sent_pps) * (a->sent_pps > 0 ? fmin(seconds, 0.2) : 1);
	if (now->at_ns - a->cut_ns > CLEAN_NS)
		a->good_pps = fmax(a->good_pps, fmin(a->sent_pps, a->pps));
	return a->pps;
}
