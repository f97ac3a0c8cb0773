/* far_loss: infers what a router, a far queue or a far kernel drops. Main thread; no clock.
 *
 * With p the part of packets that get lost there or back, of the connections that acknowledge data
 * 1 - p do so at once and p (1 - p) after one retransmission: the quotient of the two counts is p. Where
 * the peer agreed to timestamps the acknowledgement tells which of the two it answers (the Eifel
 * detection of RFC 3522), so that slow peers are not taken for losses. A window counts when it has seen
 * enough, and a part of it counts as lost that chance does not explain. */
#include "tx/far_loss.h"

#include <math.h>

#define USUAL_FIRST 0.03 /* until it is known; more than most of the Internet loses */
#define MARGIN      0.02 /* beyond what is usual: less is not worth slowing for */
#define PART_MAX    0.7  /* the more is lost, the less those tell that get through */
#define SIGMAS      5.0
enum {
	ENOUGH = 400,   /* connections: 2 % of them lost stand out */
	AT_LEAST = 100, /* connections that may say anything */
	AGE_MIN = 4,    /* slots: until a retransmission is answered, where the way is short */
	AGE_MAX = 64,
	AT_LEAST_AGAIN = 8,
	LEARN_MEMORY = 4000, /* connections */
	LEARN_A_SLOT = 20,   /* of them: what grows with the rate must not become usual meanwhile */
	FIRST_WEIGHT = 200,
};

struct window {
	double n_first, n_again, n_sent;
	unsigned n_slots;
};

void far_loss_init(struct far_loss *f, int64_t now_ns)
{
	*f = (struct far_loss){0};
	far_loss_set_usual(f, USUAL_FIRST);
	f->since_slot = f->sent_slot = f->learnt_slot = delivery_slot_of(now_ns);
}

void far_loss_note_sent(struct far_loss *f, int64_t from_ns, int64_t to_ns, uint64_t n)
{
	uint64_t first = delivery_slot_of(from_ns), last = delivery_slot_of(to_ns);
	if (to_ns <= from_ns || last < f->sent_slot)
		return;
	uint64_t n_new = last - f->sent_slot;
	for (uint64_t k = 0; k < n_new && k < DELIVERY_SLOTS; k++)
		f->sent[(last - k) % DELIVERY_SLOTS] = 0;
	f->sent_slot = last;
	double per_ns = (double)n / (double)(to_ns - from_ns);
	if (last - first >= DELIVERY_SLOTS)
		first = last - (DELIVERY_SLOTS - 1);
	for (uint64_t slot = first; slot <= last; slot++) {
		int64_t lo = (int64_t)slot * DELIVERY_SLOT_NS, hi = lo + DELIVERY_SLOT_NS;
		lo = lo > from_ns ? lo : from_ns;
		hi = hi < to_ns ? hi : to_ns;
		f->sent[slot % DELIVERY_SLOTS] += per_ns * (double)(hi - lo);
	}
}

/* How many slots ago most is known of what was sent then. */
static unsigned age_of(const struct delivery_report *answers)
{
	int64_t age = answers->delay_ns / DELIVERY_SLOT_NS + 2;
	return age < AGE_MIN ? AGE_MIN : age > AGE_MAX ? AGE_MAX : (unsigned)age;
}

/* From there back in time, until enough was seen or nothing is left. */
static struct window look_back(const struct far_loss *f, const struct delivery_report *answers)
{
	struct window w = {0};
	for (unsigned k = age_of(answers); k < DELIVERY_SLOTS && w.n_first + w.n_again < ENOUGH;
	     k++) {
		if (answers->slot < k || answers->slot - k < f->since_slot)
			break;
		w.n_first += answers->ago[k].n_first;
		w.n_again += answers->ago[k].n_again;
		w.n_sent += f->sent[(answers->slot - k) % DELIVERY_SLOTS];
		w.n_slots++;
	}
	return w;
}

static double part_of(double n_first, double n_again)
{
	return n_again < PART_MAX * n_first ? n_again / n_first : PART_MAX;
}

static struct far_loss_finding judge(const struct far_loss *f, const struct window *w)
{
	struct far_loss_finding finding = {.n = (uint64_t)(w->n_first + w->n_again)};
	if (finding.n == 0)
		return finding;
	double usual = far_loss_get_usual(f);
	finding.part = part_of(w->n_first, w->n_again);
	finding.excess = finding.part > usual ? 1 - (1 - finding.part) / (1 - usual) : 0;
	finding.sent_pps = w->n_sent * (double)NS_PER_SEC / (double)DELIVERY_SLOT_NS / w->n_slots;
	finding.yield = w->n_sent > 0 ? (double)finding.n / w->n_sent : 0;
	return finding;
}

/* Is it more than usual, by more than chance? What is usual is known no better than from so many. */
static bool is_significant(
    const struct far_loss *f, const struct window *w, const struct far_loss_finding *finding)
{
	double n = w->n_first + w->n_again, n_usual = f->usual_first + f->usual_again;
	double q = f->usual_again / n_usual; /* of those that acknowledge, how many do so late */
	double variance = n * q * (1 - q) * (1 + n / n_usual);
	return n >= AT_LEAST && w->n_again >= AT_LEAST_AGAIN &&
	       finding->part > far_loss_get_usual(f) + MARGIN &&
	       w->n_again - n * q > SIGMAS * sqrt(variance + 1);
}

/* Takes in the slots that have become complete, each once. */
static void learn(
    struct far_loss *f, const struct delivery_report *answers, const struct far_loss_finding *seen)
{
	/* What may yet prove to be too much is not learnt as usual. */
	bool is_suspicious = seen->part > far_loss_get_usual(f) + MARGIN;
	uint64_t age = age_of(answers);
	if (answers->slot < age)
		return;
	uint64_t last = answers->slot - age;
	for (; age < DELIVERY_SLOTS && age < answers->slot; age++) {
		uint64_t slot = answers->slot - age;
		if (is_suspicious || slot <= f->learnt_slot || slot < f->since_slot)
			break;
		const struct delivery_count *c = &answers->ago[age];
		double n = (double)c->n_first + c->n_again;
		double weight = n > LEARN_A_SLOT ? LEARN_A_SLOT / n : 1;
		double kept = 1 - n * weight / LEARN_MEMORY;
		f->usual_first = f->usual_first * kept + c->n_first * weight;
		f->usual_again = f->usual_again * kept + c->n_again * weight;
	}
	f->learnt_slot = last > f->learnt_slot ? last : f->learnt_slot;
}

bool far_loss_find(
    struct far_loss *f, const struct delivery_report *answers, struct far_loss_finding *out)
{
	struct window w = look_back(f, answers);
	*out = judge(f, &w);
	int64_t newest = (int64_t)answers->slot - age_of(answers) + 1;
	out->to_ns = newest * DELIVERY_SLOT_NS;
	out->is_good = out->n >= AT_LEAST && out->excess < MARGIN;
	out->from_ns = (newest - w.n_slots) * DELIVERY_SLOT_NS;
	if (is_significant(f, &w, out))
		return true;
	learn(f, answers, out);
	return false;
}

void far_loss_restart(struct far_loss *f, int64_t from_ns)
{
	f->since_slot = delivery_slot_of(from_ns) + 1;
}

void far_loss_set_usual(struct far_loss *f, double part)
{
	f->usual_first = FIRST_WEIGHT / (1 + part);
	f->usual_again = FIRST_WEIGHT - f->usual_first;
}

double far_loss_get_usual(const struct far_loss *f)
{
	return part_of(f->usual_first, f->usual_again);
}
