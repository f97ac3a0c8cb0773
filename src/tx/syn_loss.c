/* syn_loss: infers from the share of first SYNs that are answered how many got lost. Main thread; no clock.
 *
 * Answers are counted by the time at which their SYN was sent, which the timestamp says that peers echo (RFC
 * 7323 section 4): the way's length is not in it, and peers without timestamps are missing always alike. The
 * share is that of a sample without replacement; what is usual is known no better than from the answers that
 * it was learnt from. Times in which other SYNs than first ones went out are left out. */
#include "tx/syn_loss.h"

#include <math.h>

#define MARGIN     0.03 /* of the SYNs: less is not worth slowing for */
#define SIGMAS     4.0
#define SUSPICIOUS 1.5 /* sigmas: what may yet prove to be too little is not learnt as usual */
#define PART_MAX   0.95
#define REPEATS    0.01 /* of the first SYNs: more spoil a slot */
enum {
	AGE = 4, /* slots: until hardly any answer is still to come */
	LOOK_BACK = 64,
	READY = 200,           /* answers */
	ENOUGH = 400,          /* answers to expect in a stretch, doubled each time */
	LEARN_MEMORY = 50000,  /* answers */
	LEARN_QUICKLY = 20000, /* of them, at first; then, of each slot: */
	LEARN_A_SLOT = 50,     /* what grows with the rate must not become usual meanwhile */
};

struct stretch {
	double n_firsts, n_packets, n_answered;
	unsigned n_slots, age; /* slots: counted; where it ends, back in time */
};

void syn_loss_init(struct syn_loss *l, int64_t now_ns)
{
	*l = (struct syn_loss){0};
	l->since_slot = l->learnt_slot = delivery_slot_of(now_ns);
}

bool syn_loss_is_ready(const struct syn_loss *l)
{
	return l->usual_answered >= READY;
}

/* Nearly only first SYNs? */
static bool is_pure(const struct delivery_count *sent)
{
	return sent->n_first > 0 && sent->n_again <= REPEATS * sent->n_first;
}

/* May the slot so long ago be looked at? */
static bool has_slot(const struct syn_loss *l, const struct delivery_report *answers, uint64_t age)
{
	return age < DELIVERY_SLOTS && answers->slot >= age && answers->slot - age >= l->since_slot;
}

static double expected(const struct syn_loss *l, const struct stretch *s)
{
	return l->usual_answered > 0 ? s->n_firsts * l->usual_answered / l->usual_sent : 0;
}

/* How far chance takes the number of answers from the one expected, and what is usual from the truth. */
static double sigma(const struct syn_loss *l, const struct stretch *s)
{
	double e = expected(l, s);
	return sqrt(e + e * e / (l->usual_answered + 1) + 1);
}

/* By how many sigmas fewer were answered than usual. */
static double sigmas_missing(const struct syn_loss *l, const struct stretch *s)
{
	return (expected(l, s) - s->n_answered) / sigma(l, s);
}

static void judge(const struct syn_loss *l, const struct stretch *s,
    const struct delivery_report *answers, struct far_loss_finding *out)
{
	double e = expected(l, s);
	*out = (struct far_loss_finding){.n = (uint64_t)s->n_answered};
	if (s->n_slots == 0)
		return;
	out->part = e > s->n_answered ? fmin(1 - s->n_answered / e, PART_MAX) : 0;
	out->excess = out->part * (s->n_packets > s->n_firsts ? s->n_firsts / s->n_packets : 1);
	out->sent_pps = s->n_packets * (double)NS_PER_SEC / (double)DELIVERY_SLOT_NS / s->n_slots;
	out->yield = s->n_answered / s->n_firsts;
	out->to_ns = ((int64_t)answers->slot - AGE + 1) * DELIVERY_SLOT_NS;
	out->from_ns = ((int64_t)answers->slot - s->age) * DELIVERY_SLOT_NS;
}

/* Takes in the slots that have become complete, each once. */
static void learn(
    struct syn_loss *l, const struct delivery_report *answers, const struct delivery_report *sent)
{
	uint64_t last = l->learnt_slot;
	for (uint64_t age = AGE; has_slot(l, answers, age) && answers->slot - age > l->learnt_slot;
	     age++) {
		if (answers->slot - age > last)
			last = answers->slot - age;
		if (!is_pure(&sent->ago[age]))
			continue;
		double n = answers->ago[age].n_first;
		double weight =
		    l->usual_answered > LEARN_QUICKLY && n > LEARN_A_SLOT ? LEARN_A_SLOT / n : 1;
		l->usual_sent += weight * sent->ago[age].n_first;
		l->usual_answered += weight * n;
	}
	l->learnt_slot = last;
	if (l->usual_answered > LEARN_MEMORY) {
		l->usual_sent *= LEARN_MEMORY / l->usual_answered;
		l->usual_answered = LEARN_MEMORY;
	}
}

bool syn_loss_find(struct syn_loss *l, const struct far_loss *far,
    const struct delivery_report *answers, const struct delivery_report *sent,
    struct far_loss_finding *out)
{
	struct stretch s = {0};
	double enough = ENOUGH;
	bool is_suspicious = false;
	judge(l, &s, answers, out);
	for (uint64_t age = AGE; age < LOOK_BACK && has_slot(l, answers, age); age++) {
		if (!is_pure(&sent->ago[age]))
			continue;
		s.n_firsts += sent->ago[age].n_first;
		s.n_packets += far_loss_get_sent(far, answers->slot - age);
		s.n_answered += answers->ago[age].n_first;
		s.n_slots++;
		s.age = (unsigned)age;
		if (!syn_loss_is_ready(l) || expected(l, &s) < enough)
			continue;
		/* The newest stretch of which something is known is what is told of. */
		if (enough <= ENOUGH)
			judge(l, &s, answers, out);
		enough = 2 * expected(l, &s);
		double missing = sigmas_missing(l, &s);
		is_suspicious |= missing > SUSPICIOUS;
		if (missing < -SIGMAS) {
			l->usual_sent = s.n_firsts;
			l->usual_answered = s.n_answered;
		} else if (missing > SIGMAS && s.n_answered < (1 - MARGIN) * expected(l, &s)) {
			/* As much as it may well be: a cut that was too small costs more. */
			s.n_answered -= fmin(sigma(l, &s), s.n_answered);
			judge(l, &s, answers, out);
			return true;
		}
	}
	if (enough <= ENOUGH)
		judge(l, &s, answers, out);
	out->is_good = !is_suspicious && enough > ENOUGH;
	if (!is_suspicious)
		learn(l, answers, sent);
	return false;
}

void syn_loss_restart(struct syn_loss *l, int64_t from_ns)
{
	l->since_slot = delivery_slot_of(from_ns) + 1;
}

void syn_loss_forget(struct syn_loss *l)
{
	l->usual_sent = l->usual_answered = 0;
}
