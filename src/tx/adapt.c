/* adapt: slows the sender when packets are lost, and finds out again how fast it may be. Main thread;
 * no clock, no counters of its own.
 *
 * What this host lost itself is counted and believed. What was lost beyond it is inferred (far_loss.h,
 * syn_loss.h); a slower rate must then help: when as much is lost at a rate that should have got through,
 * twice in a row, it is no matter of the rate, and the rate comes back. Between what got through and what was too
 * much the way back halves the gap each second; beyond, it grows the faster the farther it is.
 *
 * Sources: Chiu and Jain 1989 (multiplicative decrease); RFC 9293 and 5681 (slow start; one decrease for
 * the losses of one window); Xu, Harfoush, Rhee 2004 (BIC: binary search for the rate); RFC 7661 (a rate
 * that is not used is not raised). */
#include "tx/adapt.h"

#include <math.h>
#include <stddef.h>

#include "base/clock.h"

#define START_PPS      20000.0          /* what is hardly ever too much; growth follows */
#define START_GROWTH   3.5              /* a second, look by look: twice as much in 0.2 s */
#define START_STEP     4.0              /* beyond what answers have shown to be good */
#define USUAL_NS       (1 * NS_PER_SEC) /* how long it waits at first for what is usual */
#define IDLE_GROWTH    30.0
#define IDLE_NS        (300 * NS_PER_MS) /* nobody answers: not even the near ones */
#define INTERVAL_NS    (90 * NS_PER_MS)  /* less says little */
#define SETTLE_NS      (300 * NS_PER_MS) /* from a decision to counters that show it */
#define SETTLE_MAX     (2400 * NS_PER_MS)
#define QUEUE_NS       (100 * NS_PER_MS) /* what was queued at a cut still gets lost */
#define CLEAN_NS       (1 * NS_PER_SEC)  /* without a loss: good */
#define TRIAL_NS       (5 * NS_PER_SEC)  /* how long answers may take to show that a cut helped */
#define LOSS           0.001             /* of the packets of an interval: more is too much */
#define NEAR_MAX       0.3 /* a stall of ours loses all for a moment: not more at once */
#define NEAR_DOUBT     0.02
#define NEAR_RTT_NS    (300 * NS_PER_MS) /* from a SYN to the answer that was lost here */
#define BELOW          0.9               /* of what got through: lets queues empty */
#define GOOD_FALLS     0.7
#define NEAR_GOOD      0.9
#define EASE           0.03 /* a second */
#define EASE_TO        0.95
#define IN_USE         0.75
#define DRAINING       0.1 /* of what is sent is new: the rest waited for the rate, not for the way */
#define IDLE_TRIAL_NS  (1 * NS_PER_SEC)
#define LATE_FIRST_MAX 0.75
#define LATE_MAX       0.3
#define UNSHOWN        0.5 /* of a rate that nothing has shown to get through */
#define REFUTED_RATE   0.97
#define REFUTED_YIELD  1.3
#define REFUTED_PART   0.5
enum {
	LATE_CUTS_MAX = 4, /* time for the queue to empty: 4.5 s */
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
	    .start_ns = now_ns,
	    .lowest_pps = max_pps,
	    .settle_ns = SETTLE_NS,
	    .settled_ns = now_ns,
	};
	a->last.at_ns = a->cut_ns = a->good_ns = now_ns;
	far_loss_init(&a->far, now_ns);
	syn_loss_init(&a->syns, now_ns);
	late_init(&a->late, now_ns);
}

/* ---- down ---- */

/* What was sent before from_ns says nothing about what is now. */
static void restart_evidence(struct adapt *a, int64_t from_ns)
{
	far_loss_restart(&a->far, from_ns);
	syn_loss_restart(&a->syns, from_ns);
	late_restart(&a->late, from_ns);
}

/* part of what was sent at reached_pps got lost. */
static void cut(struct adapt *a, double part, double reached_pps, int64_t now_ns)
{
	double reached = reached_pps < a->pps ? reached_pps : a->pps;
	double got = reached * (1 - part);
	bool is_same_trouble = a->pps <= a->cut_pps;
	if (!is_same_trouble) {
		/* A stall is no measure of what is possible; losing again on the way back is. What was
		 * sent when it came is never quite the most that ever was. */
		if (reached < NEAR_GOOD * a->good_pps)
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
	restart_evidence(a, now_ns + QUEUE_NS);
}

/* What was sent since from_ns may be lost. */
static void doubt(struct adapt *a, int64_t from_ns, int64_t now_ns)
{
	struct adapt_doubt *d = &a->doubt;
	if (!d->is_open)
		d->from_ns = from_ns;
	d->is_open = true;
	d->to_ns = now_ns + QUEUE_NS;
}

static void cut_near(
    struct adapt *a, double part, double sent_pps, int64_t since_ns, int64_t now_ns)
{
	/* Lost answers come again; of the few that were lost at once hardly any is missed for good. */
	if (part > NEAR_DOUBT)
		doubt(a, since_ns - NEAR_RTT_NS, now_ns);
	/* Asked for far more than is possible, what was sent is the measure. A stall that lost packets
	 * also sent few: not below what was sent before it. */
	a->trial.is_open = false;
	cut(a, part, fmax(sent_pps, a->sent_pps), now_ns);
}

/* The loss has nothing to do with the rate. */
static void undo(struct adapt *a, double part, int64_t now_ns)
{
	struct adapt_trial *t = &a->trial;
	if (t->is_of_syns)
		syn_loss_forget(&a->syns);
	else
		far_loss_set_usual(&a->far, part);
	restart_evidence(a, now_ns);
	a->doubt.is_open = false;
	a->doubt.to_ns = a->doubt.from_ns;
	a->good_ns = now_ns;
	a->pps = fmax(a->pps, t->before_pps);
	a->bad_pps = fmax(a->bad_pps, a->pps);
	a->is_starting = t->was_starting;
	a->n_undone++;
	*t = (struct adapt_trial){0};
}

/* Servers fall behind: nothing was lost, so there is nothing to go back to. A second cut in a row has what
 * waits already to thank for most of what is missing. */
static void cut_late(struct adapt *a, double part, double sent_pps, int64_t now_ns)
{
	struct late *l = &a->late;
	a->trial.is_open = false;
	if (l->n_cuts == 0) {
		l->before_pps = a->pps;
		l->was_starting = a->is_starting;
	}
	if (l->n_cuts++ < LATE_CUTS_MAX) {
		cut(a, fmin(part, l->n_cuts == 1 ? LATE_FIRST_MAX : LATE_MAX), sent_pps, now_ns);
		a->n_late++;
		return;
	}
	/* They are as slow however little they are asked. */
	late_forget(l);
	a->pps = fmax(a->pps, l->before_pps);
	a->bad_pps = fmax(a->bad_pps, a->pps);
	a->is_starting = l->was_starting;
	a->n_undone++;
}

/* What answers have shown. */
struct evidence {
	struct far_loss_finding data, syns;
	bool is_data_lost, are_syns_lost, are_late;
	double behind; /* of late_find() */
	bool is_idle;  /* hardly anything was sent: hardly anything can be shown */
};

static void find(struct adapt *a, const struct adapt_reports *answers, struct evidence *seen)
{
	if (answers->said)
		seen->are_late = late_find(&a->late, answers->said, &seen->behind);
	if (answers->data)
		seen->is_data_lost = far_loss_find(&a->far, answers->data, &seen->data);
	if (answers->syns && answers->syns_sent)
		seen->are_syns_lost = syn_loss_find(
		    &a->syns, &a->far, answers->syns, answers->syns_sent, &seen->syns);
}

/* The evidence that is the surer. */
static const struct far_loss_finding *surer(const struct adapt *a, const struct evidence *seen)
{
	return syn_loss_is_ready(&a->syns) && seen->syns.n >= SHOWN_N ? &seen->syns : &seen->data;
}

/* May it yet prove to be too much? */
static bool is_suspicious(const struct adapt *a, const struct evidence *seen)
{
	const struct far_loss_finding *finding = surer(a, seen);
	return finding == &seen->syns && !finding->is_good;
}

/* After a cut for a loss beyond this host: is it to be shown yet that it helped? */
static bool is_on_trial(const struct adapt *a, const struct evidence *seen, int64_t now_ns)
{
	uint64_t n = a->trial.is_of_syns ? seen->syns.n : seen->data.n;
	int64_t patience_ns = seen->is_idle ? IDLE_TRIAL_NS : TRIAL_NS;
	return a->trial.is_open && n < TRIAL_N && now_ns - a->cut_ns < patience_ns;
}

/* As much is lost at a rate that should have got through, and a packet brings no more answers than
 * before: where more than half is lost, that is the surer sign of a cut that was too small. */
static bool is_refuted_by(
    const struct adapt_trial *t, const struct far_loss_finding *finding, bool is_of_syns)
{
	return t->is_open && t->is_of_syns == is_of_syns && finding->n >= TRIAL_N &&
	       finding->sent_pps < REFUTED_RATE * t->got_pps &&
	       finding->yield < REFUTED_YIELD * t->yield &&
	       finding->excess >= REFUTED_PART * t->part &&
	       finding->excess <= t->part / REFUTED_PART;
}

static void cut_far(struct adapt *a, const struct evidence *seen, int64_t now_ns)
{
	struct adapt_trial *t = &a->trial;
	bool is_of_syns = seen->are_syns_lost;
	const struct far_loss_finding *finding = is_of_syns ? &seen->syns : &seen->data;
	bool is_refuted = is_refuted_by(t, finding, is_of_syns);
	if (is_on_trial(a, seen, now_ns))
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
	t->is_of_syns = is_of_syns;
	t->part = finding->excess;
	t->yield = finding->yield;
	t->got_pps = finding->sent_pps * (1 - finding->excess);
	doubt(a, finding->from_ns < a->good_ns ? finding->from_ns : a->good_ns, now_ns);
	cut(a, finding->excess, finding->sent_pps, now_ns);
	a->n_far++;
}

/* What is in doubt is about to come again. Where nothing is left to send that could show whether the rate
 * gets through, it comes more slowly: it comes once, and a cut made of the first signs of a loss, while the
 * rate was growing and a queue was filling, is mostly too small. */
static void end_doubt(struct adapt *a, const struct evidence *seen)
{
	bool is_shown = syn_loss_is_ready(&a->syns) ? seen->syns.is_good : seen->data.is_good;
	if (a->doubt.is_open && seen->is_idle && !is_shown) {
		a->pps = fmax(a->min_pps, UNSHOWN * a->pps);
		a->lowest_pps = fmin(a->lowest_pps, a->pps);
	}
	a->doubt.is_open = false;
}

/* Nothing more is lost than usual, of all that can be told. */
static void note_good(struct adapt *a, const struct evidence *seen, int64_t now_ns)
{
	const struct far_loss_finding *finding = surer(a, seen);
	bool may_be_told = is_suspicious(a, seen) && !seen->is_idle;
	if (!may_be_told || now_ns - a->cut_ns > TRIAL_NS)
		end_doubt(a, seen);
	if (finding->is_good && finding->to_ns > a->good_ns)
		a->good_ns = finding->to_ns;
}

/* Nothing is left to send that could confirm a suspicion: once losses have been found, it is enough to go
 * back to what was sent last. Once, until something is sent again. */
static void doubt_end(struct adapt *a, int64_t now_ns)
{
	if (a->is_starting || a->busy_ns <= a->doubt.to_ns)
		return;
	doubt(a, a->good_ns, now_ns);
	a->good_ns = now_ns;
}

/* ---- up ---- */

/* What a second adds, while nothing was ever lost. Where nobody answers, nothing can be lost and nothing
 * be seen; else the rate stays near one that answers have shown to be good. */
static double start_growth(const struct adapt *a, const struct far_loss_finding *seen)
{
	if (a->last.n_answered == 0)
		return a->last.at_ns - a->cut_ns > IDLE_NS ? IDLE_GROWTH * a->pps : 0;
	bool is_learning =
	    a->has_syns && !syn_loss_is_ready(&a->syns) && a->last.at_ns - a->start_ns < USUAL_NS;
	bool is_shown = seen->n >= SHOWN_N || seen->sent_pps == 0;
	if (is_learning || (is_shown && a->pps > START_STEP * seen->sent_pps))
		return 0;
	return START_GROWTH * a->pps;
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

/* Open sessions wait for the rate that has been cut, and make it longer by sending again: back soon to what
 * was too much, not beyond. Late acknowledgements tell of this queue of our own, not of the way. */
static void drain(struct adapt *a, double seconds, int64_t now_ns)
{
	restart_evidence(a, now_ns);
	if (a->is_starting || a->pps >= a->bad_pps)
		return;
	double growth = fmin(a->bad_pps - a->pps, START_GROWTH * a->pps);
	a->pps = fmin(a->max_pps, a->pps + growth * fmin(seconds, 0.2));
}

/* Near what was too much once, and perhaps too fast now: a little back. */
static void ease(struct adapt *a, double seconds)
{
	double floor_pps = fmax(a->min_pps, EASE_TO * a->bad_pps);
	if (!a->is_starting && a->pps > floor_pps)
		a->pps = fmax(floor_pps, a->pps * (1 - EASE * fmin(seconds, 0.2)));
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
    struct adapt *a, const struct adapt_sample *now, const struct adapt_reports *answers)
{
	int64_t span_ns = now->at_ns - a->last.at_ns;
	if (span_ns < INTERVAL_NS)
		return a->pps;
	double seconds = (double)span_ns / (double)NS_PER_SEC;
	double sent_pps = (double)(now->n_sent - a->last.n_sent) / seconds;
	double part = near_part(a, now);
	int64_t since_ns = a->last.at_ns;
	bool is_idle = sent_pps < IN_USE * a->pps;
	bool is_going_back = now->n_gone_back > a->last.n_gone_back;
	uint64_t n_syns = now->n_target_syns - a->last.n_target_syns;
	bool is_draining = !is_idle && (double)n_syns < DRAINING * seconds * sent_pps;
	far_loss_note_sent(&a->far, a->last.at_ns, now->at_ns, now->n_sent - a->last.n_sent);
	a->last = *now;
	a->has_syns = answers->syns != NULL;
	a->busy_ns = is_idle ? a->busy_ns : now->at_ns;
	if (now->at_ns >= a->settled_ns) {
		struct evidence seen = {.is_idle = is_idle};
		find(a, answers, &seen);
		if (part > 0) {
			cut_near(a, part, sent_pps, since_ns, now->at_ns);
		} else if (is_draining) {
			drain(a, seconds, now->at_ns);
		} else if (seen.is_data_lost || seen.are_syns_lost) {
			cut_far(a, &seen, now->at_ns);
		} else if (seen.are_late) {
			cut_late(a, seen.behind, sent_pps, now->at_ns);
		} else if (!is_on_trial(a, &seen, now->at_ns)) {
			note_good(a, &seen, now->at_ns);
			/* Answers of targets that are asked again show little. */
			if (is_suspicious(a, &seen) && seen.is_idle)
				doubt_end(a, now->at_ns);
			else if (is_suspicious(a, &seen))
				ease(a, seconds);
			else if (!is_going_back)
				speed_up(a, sent_pps, seconds, surer(a, &seen));
		}
	}
	/* From the first look on, and one that came late counts little. */
	a->sent_pps += (sent_pps - a->sent_pps) * (a->sent_pps > 0 ? fmin(seconds, 0.2) : 1);
	if (now->at_ns - a->cut_ns > CLEAN_NS)
		a->good_pps = fmax(a->good_pps, fmin(a->sent_pps, a->pps));
	return a->pps;
}
