/* Claims about tx/adapt, tx/far_loss, tx/syn_loss and tx/late, against a model of a way: what this host loses itself, and a queue
 * beyond it that nobody reports about. The rate goes where little is lost, stays near it, comes back when it
 * can, never leaves its bounds; and nothing that has no relation to the rate holds it down. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/rng.h"
#include "tx/adapt.h"

#define STEP_NS (10 * NS_PER_MS)
enum { STEPS = 512, LOOK_STEPS = 10, RTO_MIN_STEPS = 25, SLOW_STEPS = 50 };

/* A sender that can do top_pps, in front of two things that can do less. 0: no limit, nobody. */
struct path {
	double top_pps;
	double near_pps; /* this host receives so much; half of what is sent is answered */
	bool drops_on_the_way_out;
	double far_pps, far_queue; /* of packets, and how many wait for it */
	double usual_loss;         /* beyond, whatever the rate */
	double hit;                /* sessions a packet sent */
	double deaf;               /* of them: never acknowledge data */
	double stubborn;           /* of them: acknowledge data when it comes again */
	bool is_random;            /* answers of SYNs tell of losses too */
	bool spares_data;          /* what is lost is SYNs */
	unsigned rtt_steps;
	double serves;    /* sessions a second that are answered; 0: all, at once */
	double slow;      /* of the answers: late at any rate */
	double longest_s; /* that one had to wait */

	struct adapt adapt;
	struct adapt_sample total;
	struct delivery delivery, contacts, syns_sent, said;
	struct rng rng;
	double queued;
	uint64_t step;
	struct {
		int64_t at_ns;
		unsigned n_hits, n_first, n_lost, n_again;
		double lost; /* packets */
	} sent[STEPS];       /* data, by the step in which it was sent first */
	struct {
		int64_t at_ns;
		unsigned n, n_slow;
	} due[STEPS];                              /* answers, by the step in which they were due */
	double n_doubted;                          /* of the packets that were lost: gone back to */
	double n_sent, n_lost, seconds, least_pps; /* since path_forget */
};

static void path_forget(struct path *p)
{
	p->n_sent = p->n_lost = p->n_doubted = p->seconds = p->longest_s = 0;
	p->least_pps = INFINITY;
}

static void path_init(struct path *p, double min_pps, double max_pps)
{
	if (p->top_pps == 0)
		p->top_pps = 1e6;
	p->rng.state = 77;
	p->step = 1000;
	p->total.at_ns = (int64_t)p->step * STEP_NS;
	adapt_init(&p->adapt, min_pps, max_pps, p->total.at_ns);
	path_forget(p);
}

/* How many of n, each with this probability. */
static unsigned draw(struct path *p, double n, double part)
{
	unsigned count = 0,
		 whole = (unsigned)n + ((n - floor(n)) * 65536 > rng_below(&p->rng, 65536));
	if (whole < 200) {
		for (unsigned i = 0; i < whole; i++)
			count += rng_below(&p->rng, 1000000) < 1e6 * part;
		return count;
	}
	double normal = -6; /* the sum of twelve uniform numbers is nearly that */
	for (int i = 0; i < 12; i++)
		normal += rng_below(&p->rng, 65536) / 65536.0;
	double got = whole * part + normal * sqrt(whole * part * (1 - part));
	return got < 0 ? 0 : got > whole ? whole : (unsigned)(got + 0.5);
}

static void note(struct path *p, unsigned steps_ago, bool is_again)
{
	unsigned i = (unsigned)((p->step - steps_ago) % STEPS);
	unsigned n = is_again ? p->sent[i].n_again : p->sent[i].n_first;
	for (unsigned k = 0; k < n; k++)
		delivery_note(&p->delivery, p->sent[i].at_ns, p->total.at_ns, is_again);
}

static void answer(struct path *p, double n, double lost_part)
{
	unsigned rtt = p->rtt_steps, rto = 3 * rtt > RTO_MIN_STEPS ? 3 * rtt : RTO_MIN_STEPS;
	unsigned now = (unsigned)(p->step % STEPS), old = (unsigned)((p->step - rto) % STEPS);
	unsigned n_hits = draw(p, n * p->hit * (1 - lost_part), 1 - p->deaf);
	p->total.n_answered += n_hits;
	memset(&p->sent[now], 0, sizeof(p->sent[now]));
	p->sent[now].at_ns = p->total.at_ns;
	p->sent[now].n_hits = n_hits;
	p->sent[now].lost = n * lost_part;
	lost_part = p->spares_data ? 0 : lost_part;
	p->sent[now].n_lost = draw(p, n_hits, 1 - (1 - lost_part) * (1 - p->stubborn));
	p->sent[now].n_first = n_hits - p->sent[now].n_lost;
	p->sent[old].n_again = draw(p, p->sent[old].n_lost, 1 - lost_part);
	note(p, rtt, false);
	note(p, rto + rtt, true);
	unsigned i = (unsigned)((p->step - rtt) % STEPS);
	for (unsigned k = 0; k < p->sent[i].n_hits; k++)
		delivery_note(&p->contacts, p->sent[i].at_ns, p->total.at_ns, false);
}

/* Servers that answer what they can, in order; slow ones after half a second. */
static void serve(struct path *p, unsigned n_opened)
{
	double left = p->serves > 0 ? p->serves * STEP_NS / NS_PER_SEC : INFINITY;
	unsigned now = (unsigned)(p->step % STEPS);
	delivery_note_many(&p->said, p->total.at_ns, n_opened, 0);
	p->due[now].n_slow = p->slow > 0 ? draw(p, n_opened, p->slow) : 0;
	p->due[now].n = n_opened - p->due[now].n_slow;
	p->due[now].at_ns = p->total.at_ns;
	for (unsigned ago = STEPS - 1; left >= 1; ago--) {
		unsigned i = (unsigned)((p->step - ago) % STEPS);
		unsigned n = (unsigned)fmin(p->due[i].n, left);
		delivery_note_many(&p->said, p->due[i].at_ns, 0, n);
		p->due[i].n -= n;
		left -= n;
		if (n > 0)
			p->longest_s = fmax(p->longest_s, (double)ago * STEP_NS / NS_PER_SEC);
		if (ago == 0)
			break;
	}
	unsigned old = (unsigned)((p->step - SLOW_STEPS) % STEPS);
	delivery_note_many(&p->said, p->due[old].at_ns, 0, p->due[old].n_slow);
	p->due[old].n_slow = 0;
}

static void run_step(struct path *p)
{
	double seconds = (double)STEP_NS / NS_PER_SEC;
	double n = fmin(p->adapt.pps, p->top_pps) * seconds, far_lost = 0, near_lost = 0;
	p->total.at_ns += STEP_NS;
	p->step++;
	if (p->far_pps > 0) {
		p->queued += n - p->far_pps * seconds;
		p->queued = fmax(p->queued, 0);
		far_lost = fmax(p->queued - p->far_queue, 0);
		p->queued -= far_lost;
	}
	if (p->near_pps > 0)
		near_lost = fmax(n - p->near_pps * seconds, 0);
	answer(p, n, 1 - (1 - far_lost / n) * (1 - p->usual_loss));
	serve(p, p->sent[p->step % STEPS].n_hits);
	p->total.n_sent += (uint64_t)n;
	p->total.n_target_syns += (uint64_t)n;
	delivery_note_many(&p->syns_sent, p->total.at_ns, (uint64_t)n, 0);
	if (p->drops_on_the_way_out) {
		p->total.n_tx_lost += (uint64_t)near_lost;
	} else {
		p->total.n_received += (uint64_t)((n - near_lost) / 2);
		p->total.n_rx_lost += (uint64_t)(near_lost / 2);
	}
	p->n_sent += n;
	p->n_lost += far_lost + near_lost;
	p->seconds += seconds;
	p->least_pps = fmin(p->least_pps, n / seconds);
}

/* What was lost in the time that is gone back to; each loss counts once. */
static void go_back(struct path *p, const struct adapt_doubt *doubt)
{
	for (int i = 0; i < STEPS; i++) {
		if (p->sent[i].at_ns < doubt->from_ns || p->sent[i].at_ns > doubt->to_ns)
			continue;
		p->n_doubted += p->sent[i].lost;
		p->sent[i].lost = 0;
	}
}

static void look(struct path *p)
{
	struct delivery_report data = {.slot = delivery_slot_of(p->total.at_ns)};
	struct delivery_report syns = data, syns_sent = data, said = data;
	delivery_add(&p->delivery, &data);
	delivery_add(&p->syns_sent, &syns_sent);
	delivery_add(&p->contacts, &syns);
	delivery_add(&p->said, &said);
	struct adapt_reports answers = {.data = &data, .syns_sent = &syns_sent};
	if (p->is_random) {
		answers.syns = &syns;
		answers.said = &said;
	}
	bool was_open = p->adapt.doubt.is_open;
	double allowed = adapt_step(&p->adapt, &p->total, &answers);
	assert_true(allowed == p->adapt.pps);
	assert_true(p->adapt.doubt.from_ns <= p->adapt.doubt.to_ns);
	if (was_open && !p->adapt.doubt.is_open)
		go_back(p, &p->adapt.doubt);
	assert_true(allowed >= p->adapt.min_pps && allowed <= p->adapt.max_pps);
	if (p->adapt.n_slowdowns == 0)
		assert_true(p->adapt.lowest_pps == p->adapt.max_pps);
}

static void path_run(struct path *p, double seconds)
{
	for (double end = p->seconds + seconds - 0.001; p->seconds < end;) {
		for (int i = 0; i < LOOK_STEPS; i++)
			run_step(p);
		look(p);
	}
}

static double got_pps(const struct path *p)
{
	return (p->n_sent - p->n_lost) / p->seconds;
}

/* ---- beginning ---- */

static void test_a_modest_rate_is_kept_from_the_first_packet(void **state)
{
	(void)state;
	static const double asked[] = {0.5, 100, 10000, 20000};
	for (int i = 0; i < 4; i++) {
		struct path p = {.hit = 0.25, .deaf = 0.2, .usual_loss = 0.01, .rtt_steps = 8};
		path_init(&p, asked[i] / 100, asked[i]);
		assert_true(p.adapt.pps == asked[i]);
		path_run(&p, 100);
		assert_true(p.least_pps > 0.999 * asked[i] && p.adapt.n_slowdowns == 0);
	}
}

static void test_a_high_rate_is_reached_soon(void **state)
{
	(void)state;
	for (int has_answers = 0; has_answers < 2; has_answers++) {
		struct path p = {.hit = has_answers ? 0.01 : 0, .rtt_steps = 2, .is_random = true};
		path_init(&p, 1000, 800000);
		assert_true(p.adapt.pps == 20000);
		path_run(&p, has_answers ? 4.5 : 0.7);
		assert_true(p.adapt.pps == 800000 && p.adapt.n_slowdowns == 0);
	}
}

static void test_a_rate_that_is_not_used_is_not_raised(void **state)
{
	(void)state;
	struct path p = {.top_pps = 500000};
	path_init(&p, 1000, 1e7);
	path_run(&p, 60);
	assert_true(p.adapt.pps < 3e6 && p.adapt.n_slowdowns == 0);
	double before = p.adapt.pps;
	p.top_pps = 1000; /* few targets are left, or the valve is closed */
	path_run(&p, 60);
	assert_true(p.adapt.pps == before);
}

/* ---- what this host loses ---- */

static void test_the_rate_settles_at_what_this_host_can_do(void **state)
{
	(void)state;
	static const double asked[] = {1.5, 10, 1000};
	for (int out = 0; out < 2; out++)
		for (int i = 0; i < 3; i++) {
			struct path p = {.near_pps = 200000, .top_pps = 600000, .hit = 0.1};
			p.drops_on_the_way_out = out;
			path_init(&p, 1000, asked[i] * p.near_pps);
			path_run(&p, 20);
			path_forget(&p);
			path_run(&p, 300);
			assert_true(got_pps(&p) > 0.9 * p.near_pps);
			assert_true(p.n_lost / p.n_sent < 0.01);
			assert_int_equal(p.adapt.n_far, 0);
		}
}

static void test_it_never_goes_below_the_least_rate(void **state)
{
	(void)state;
	struct path p = {.near_pps = 100};
	path_init(&p, 5000, 100000);
	path_run(&p, 60);
	assert_true(p.adapt.lowest_pps == 5000 && p.adapt.pps < 7600);
	struct path fixed = {.near_pps = 100};
	path_init(&fixed, 100000, 100000);
	path_run(&fixed, 10);
	assert_true(fixed.adapt.pps == 100000);
}

static void test_it_comes_back_when_the_trouble_is_over(void **state)
{
	(void)state;
	struct path p = {.near_pps = 6000};
	path_init(&p, 10, 10000);
	path_run(&p, 20);
	assert_true(p.adapt.pps < 7000 && p.adapt.n_slowdowns > 0);
	p.near_pps = 0;
	uint64_t n = p.adapt.n_slowdowns;
	path_run(&p, 20);
	assert_true(p.adapt.pps == 10000);
	assert_int_equal(p.adapt.n_slowdowns, n);
}

/* Adds a loss that no rate brought about. */
static void stall(struct path *p, double seconds)
{
	for (int i = 0; i < (int)(10 * seconds); i++) {
		p->total.n_rx_lost += 500;
		path_run(p, 0.1);
	}
}

static void test_one_loss_slows_once(void **state)
{
	(void)state;
	struct path p = {.hit = 0.1};
	path_init(&p, 10, 10000);
	path_run(&p, 5);
	stall(&p, 0.2);
	assert_int_equal(p.adapt.n_slowdowns, 1);
	assert_true(p.adapt.pps > 6000 && p.adapt.pps < 9000);
	path_run(&p, 6);
	assert_int_equal(p.adapt.n_slowdowns, 1);
	assert_true(p.adapt.pps > 9500);
}

static void test_a_loss_in_the_first_seconds_is_no_verdict(void **state)
{
	(void)state;
	struct path p = {.hit = 0.1};
	path_init(&p, 10, 10000);
	path_run(&p, 1.5);
	stall(&p, 0.1);
	path_run(&p, 4);
	assert_int_equal(p.adapt.n_slowdowns, 1);
	assert_true(p.adapt.pps > 9000);
}

static void test_losses_in_a_row_do_not_multiply_for_long(void **state)
{
	(void)state;
	struct path p = {.hit = 0.1};
	path_init(&p, 10, 65000);
	path_run(&p, 10);
	stall(&p, 3);
	assert_true(p.adapt.lowest_pps > 65000.0 / 8);
	path_run(&p, 10);
	assert_true(p.adapt.pps > 0.95 * 65000);
}

static void test_stalls_now_and_then_leave_most_of_the_rate(void **state)
{
	(void)state;
	struct path p = {.hit = 0.1};
	path_init(&p, 10, 65000);
	path_run(&p, 10);
	path_forget(&p);
	for (int i = 0; i < 60; i++) {
		stall(&p, 0.3);
		path_run(&p, 8);
	}
	assert_true(got_pps(&p) > 0.75 * 65000 && p.least_pps > 0.25 * 65000);
}

static void test_a_stray_loss_is_no_reason(void **state)
{
	(void)state;
	struct path p = {0};
	path_init(&p, 10, 1e5);
	path_run(&p, 2);
	assert_true(p.adapt.pps == 1e5);
	for (int i = 0; i < 50; i++) {
		path_run(&p, 0.1);
		p.total.n_rx_lost += 4; /* of 5,000 that come in this time */
	}
	assert_int_equal(p.adapt.n_slowdowns, 0);
}

static void test_a_stall_that_loses_packets_does_not_count_as_the_rate(void **state)
{
	(void)state;
	struct path p = {0};
	path_init(&p, 10, 100000);
	path_run(&p, 5);
	/* A second in which nothing was sent and answers were lost. */
	p.total.at_ns += NS_PER_SEC;
	p.total.n_rx_lost += 10000;
	(void)adapt_step(&p.adapt, &p.total, &(struct adapt_reports){0});
	assert_true(p.adapt.pps > 60000 && p.adapt.pps < 71000);
}

/* The smoothed rate is never quite the most that it ever was. */
static void test_a_stall_at_a_rate_that_wavers_is_soon_forgotten(void **state)
{
	(void)state;
	struct path p = {0};
	path_init(&p, 10, 5000);
	path_run(&p, 2);
	for (int i = 0; i < 3; i++) {
		p.total.at_ns += NS_PER_SEC / 10;
		p.total.n_sent += 460;
		(void)adapt_step(&p.adapt, &p.total, &(struct adapt_reports){0});
	}
	p.total.at_ns += NS_PER_SEC;
	p.total.n_rx_lost += 10000;
	(void)adapt_step(&p.adapt, &p.total, &(struct adapt_reports){0});
	assert_true(p.adapt.pps < 3600);
	path_run(&p, 4);
	assert_true(p.adapt.pps > 4500);
}

/* ---- what is lost beyond it ---- */

static void test_a_far_queue_is_found_and_kept_busy(void **state)
{
	(void)state;
	static const struct {
		double far_pps, queue, hit, deaf, usual;
		unsigned rtt_steps;
	} rows[] = {
	    {150000, 1000, 0.25, 0, 0, 0},
	    {150000, 50000, 0.25, 0, 0, 1},
	    {150000, 10000, 0.01, 0.3, 0.01, 8},
	    {400000, 10000, 0.003, 0.15, 0.02, 20},
	    {30000, 3000, 0.02, 0.15, 0.01, 8},
	    {10000, 500, 0.25, 0.5, 0, 30},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct path p = {.far_pps = rows[i].far_pps,
		    .far_queue = rows[i].queue,
		    .top_pps = 7e5,
		    .hit = rows[i].hit,
		    .deaf = rows[i].deaf,
		    .usual_loss = rows[i].usual,
		    .rtt_steps = rows[i].rtt_steps};
		path_init(&p, 1000, 1e7);
		path_run(&p, 30);
		path_forget(&p);
		path_run(&p, 120);
		print_message("           row %zu: %.0f %% of what is possible, %.2f %% lost\n", i,
		    100 * got_pps(&p) / p.far_pps, 100 * p.n_lost / p.n_sent);
		assert_true(got_pps(&p) > 0.8 * p.far_pps);
		assert_true(p.n_lost / p.n_sent < 0.03);
		assert_true(p.adapt.n_far > 0 && p.adapt.n_undone == 0);
	}
}

static void test_a_queue_that_spares_data_is_found_by_syns(void **state)
{
	(void)state;
	static const double far_pps[] = {25000, 40000, 40000, 150000, 400000};
	static const double hit[] = {0.25, 0.25, 0.05, 0.1, 0.1};
	for (int i = 0; i < 5; i++) {
		struct path p = {.far_pps = far_pps[i],
		    .far_queue = far_pps[i] / 20,
		    .top_pps = 7e5,
		    .hit = hit[i],
		    .rtt_steps = 5,
		    .is_random = true,
		    .spares_data = true};
		path_init(&p, 1000, 1e7);
		path_run(&p, 60);
		print_message(
		    "           %.0f/s, %.0f %% answer: %.0f %% used, %.2f %% lost, of it "
		    "%.1f %% gone back to\n",
		    p.far_pps, 100 * p.hit, 100 * got_pps(&p) / p.far_pps,
		    100 * p.n_lost / p.n_sent, 100 * p.n_doubted / p.n_lost);
		assert_true(got_pps(&p) > 0.8 * p.far_pps && p.n_lost / p.n_sent < 0.06);
		assert_true(p.n_lost - p.n_doubted < 0.025 * p.n_sent);
		assert_true(p.adapt.n_far > 0 && p.adapt.n_undone == 0);
	}
	/* First data alone knows nothing of it. */
	struct path blind = {.far_pps = 40000, .far_queue = 2000, .hit = 0.25, .spares_data = true};
	path_init(&blind, 1000, 1e6);
	path_run(&blind, 20);
	assert_int_equal(blind.adapt.n_far, 0);
}

static void test_what_was_lost_in_the_beginning_is_gone_back_to(void **state)
{
	(void)state;
	for (int is_random = 0; is_random < 2; is_random++) {
		struct path p = {.far_pps = 40000,
		    .far_queue = 2000,
		    .hit = 0.25,
		    .top_pps = 7e5,
		    .rtt_steps = 3,
		    .is_random = is_random};
		path_init(&p, 1000, 1e7);
		path_run(&p, 5);
		assert_true(p.n_lost > 1000 && p.n_doubted > 0.9 * p.n_lost);
	}
}

static void test_the_end_is_gone_back_to_on_suspicion(void **state)
{
	(void)state;
	double n_sent = 0, n_missed = 0, n_late = 0;
	for (int tenths = 40; tenths < 140; tenths += 3) {
		struct path p = {.far_pps = 40000,
		    .far_queue = 2000,
		    .hit = 0.05,
		    .rtt_steps = 2,
		    .is_random = true,
		    .spares_data = true};
		path_init(&p, 1000, 1e7);
		path_run(&p, tenths / 10.0);
		double n_before = p.n_doubted;
		p.top_pps = 1; /* nothing is left to send */
		path_run(&p, 3);
		assert_false(p.adapt.doubt.is_open);
		n_sent += p.n_sent;
		n_missed += p.n_lost - p.n_doubted;
		n_late += p.n_doubted - n_before;
	}
	print_message("           %.2f %% missed, %.2f %% at the end would have been\n",
	    100 * n_missed / n_sent, 100 * n_late / n_sent);
	assert_true(n_missed < 0.01 * n_sent && n_late > 0);
}

static void test_all_that_was_lost_comes_again_at_a_rate_that_gets_through(void **state)
{
	(void)state;
	static const double far_pps[] = {30000, 40000, 60000, 100000, 200000};
	for (int i = 0; i < 5; i++) {
		struct path p = {.far_pps = far_pps[i],
		    .far_queue = far_pps[i] / 20,
		    .hit = 1.0 / 3,
		    .rtt_steps = 1,
		    .is_random = true,
		    .spares_data = true};
		path_init(&p, 1000, 1e7);
		while (p.adapt.n_far == 0)
			path_run(&p, 0.1);
		double cut_pps = p.adapt.pps;
		p.top_pps = 1; /* nothing is left to send but what was lost */
		path_run(&p, 3);
		print_message("           %.0f/s: cut to %.0f, comes again at %.0f\n", p.far_pps,
		    cut_pps, p.adapt.pps);
		assert_true(!p.adapt.doubt.is_open && p.n_doubted > 0.9 * p.n_lost);
		assert_true(p.adapt.pps < p.far_pps && p.adapt.pps > 0.3 * p.far_pps);
		assert_true(p.adapt.lowest_pps == p.adapt.pps);
	}
}

static void test_a_loss_of_any_rate_is_not_gone_back_to(void **state)
{
	(void)state;
	struct path p = {.hit = 0.1, .usual_loss = 0.2, .rtt_steps = 5};
	path_init(&p, 100, 10000);
	path_run(&p, 60);
	assert_true(p.adapt.n_undone > 0);
	assert_true(!p.adapt.doubt.is_open && p.adapt.doubt.from_ns == p.adapt.doubt.to_ns);
	assert_true(p.n_doubted == 0);
}

static void test_fewer_answers_at_any_rate_do_not_hold_it_down(void **state)
{
	(void)state;
	struct path p = {.hit = 0.1, .rtt_steps = 5, .is_random = true};
	path_init(&p, 100, 10000);
	path_run(&p, 30);
	p.hit = 0.07; /* a network that is a third of the targets goes dark */
	path_run(&p, 30);
	path_forget(&p);
	path_run(&p, 60);
	assert_true(p.adapt.n_undone > 0 && p.n_sent / p.seconds > 0.95 * 10000);
}

static void test_servers_that_fall_behind_are_waited_for(void **state)
{
	(void)state;
	/* Three packets a session, as of web servers. */
	struct path p = {
	    .hit = 1.0 / 3, .rtt_steps = 1, .is_random = true, .top_pps = 7e5, .serves = 13000};
	path_init(&p, 1000, 6e5);
	path_run(&p, 10);
	print_message("           waited %.2f s at most in the first ten seconds, %.0f %% used\n",
	    p.longest_s, 100 * p.n_sent / p.seconds / 3 / p.serves);
	assert_true(p.longest_s < 1);
	path_forget(&p);
	path_run(&p, 30);
	print_message("           then %.2f s, %.0f %% used\n", p.longest_s,
	    100 * p.n_sent / p.seconds / 3 / p.serves);
	assert_true(p.longest_s < 1 && p.n_sent / p.seconds > 0.8 * 3 * p.serves);
	assert_true(p.adapt.n_late > 0 && p.adapt.n_far == 0);
}

static void test_slow_servers_do_not_hold_it_down(void **state)
{
	(void)state;
	/* Few of them, then most. */
	struct path p = {.hit = 0.1, .rtt_steps = 5, .is_random = true, .slow = 0.2};
	path_init(&p, 100, 50000);
	path_run(&p, 30);
	assert_int_equal(p.adapt.n_slowdowns, 0);
	p.slow = 0.7;
	path_run(&p, 10);
	assert_true(p.adapt.n_late > 0);
	path_forget(&p);
	path_run(&p, 30);
	assert_true(p.adapt.n_undone > 0 && p.n_sent / p.seconds > 0.99 * 50000);
}

static void test_a_queue_of_our_own_is_no_evidence(void **state)
{
	(void)state;
	struct path p = {
	    .hit = 1.0 / 3, .rtt_steps = 1, .is_random = true, .top_pps = 7e5, .serves = 13000};
	path_init(&p, 1000, 6e5);
	while (p.adapt.n_slowdowns == 0)
		path_run(&p, 0.1);
	double cut_pps = p.adapt.pps;
	/* All that is sent are packets of sessions, whose data is acknowledged when it has been sent again. */
	uint64_t n_slowdowns = p.adapt.n_slowdowns;
	for (int i = 0; i < 50; i++) {
		p.total.at_ns += 100 * NS_PER_MS;
		p.step += LOOK_STEPS;
		p.total.n_sent += (uint64_t)(p.adapt.pps / 10);
		for (int k = 0; k < 500; k++)
			delivery_note(
			    &p.delivery, p.total.at_ns - 500 * NS_PER_MS, p.total.at_ns, true);
		delivery_note_many(&p.said, p.total.at_ns - 150 * NS_PER_MS, 1000, 0);
		look(&p);
	}
	assert_int_equal(p.adapt.n_slowdowns, n_slowdowns);
	assert_true(p.adapt.pps >= cut_pps && p.adapt.pps >= 0.98 * p.adapt.bad_pps);
}

static void test_the_beginning_costs_little(void **state)
{
	(void)state;
	struct path p = {.far_pps = 200000, .far_queue = 10000, .hit = 0.25, .top_pps = 7e5};
	path_init(&p, 1000, 1e7);
	path_run(&p, 10);
	print_message("           %.1f %% lost in the first ten seconds, %.0f %% used\n",
	    100 * p.n_lost / p.n_sent, 100 * got_pps(&p) / p.far_pps);
	assert_true(p.n_lost / p.n_sent < 0.15 && got_pps(&p) > 0.7 * p.far_pps);
}

static void test_a_narrower_way_is_followed_and_a_wider_one_too(void **state)
{
	(void)state;
	struct path p = {.far_pps = 80000, .far_queue = 5000, .hit = 0.05, .rtt_steps = 5};
	path_init(&p, 1000, 100000);
	path_run(&p, 30);
	p.far_pps = 8000;
	path_run(&p, 30);
	path_forget(&p);
	path_run(&p, 60);
	assert_true(got_pps(&p) > 0.8 * p.far_pps && p.n_lost / p.n_sent < 0.05);
	p.far_pps = 80000;
	path_run(&p, 40);
	path_forget(&p);
	path_run(&p, 60);
	assert_true(got_pps(&p) > 0.8 * p.far_pps && p.n_lost / p.n_sent < 0.03);
}

/* ---- what has nothing to do with the rate ---- */

static void test_chance_slows_nothing(void **state)
{
	(void)state;
	static const double hits[] = {0.25, 0.01, 0.0003};
	for (int i = 0; i < 3; i++)
		for (int loss = 0; loss <= 2; loss++) {
			struct path p = {.hit = hits[i],
			    .usual_loss = loss / 100.0,
			    .deaf = 0.16,
			    .is_random = loss != 1,
			    .rtt_steps = 12};
			path_init(&p, 100, 50000);
			path_run(&p, 600);
			assert_int_equal(p.adapt.n_slowdowns, 0);
		}
}

static void test_who_lies_does_not_hold_it_down(void **state)
{
	(void)state;
	/* Nets that acknowledge only what comes twice; ways that lose as much at any rate. */
	static const double stubborn[] = {0.05, 0.1, 0.3, 0.6, 0}, usual[] = {0, 0, 0, 0, 0.2};
	static const double least[] = {0.5, 0.5, 0.1, 0.02, 0.3};
	for (int i = 0; i < 5; i++) {
		struct path p = {
		    .hit = 0.1, .stubborn = stubborn[i], .usual_loss = usual[i], .rtt_steps = 5};
		path_init(&p, 100, 10000);
		path_run(&p, 300);
		print_message("           %.0f %% of the rate, least %.0f %%\n",
		    100 * p.n_sent / p.seconds / 10000, 100 * p.least_pps / 10000);
		assert_true(p.n_sent / p.seconds > 0.9 * 10000 && p.least_pps > least[i] * 10000);
	}
}

static void test_regions_of_a_list_do_not_hold_it_down(void **state)
{
	(void)state;
	/* Dense, sparse, empty, lossy, stubborn and deaf stretches, as they come in a sorted list. */
	static const struct {
		double hit, usual, stubborn, deaf;
	} regions[] = {{0.25, 0, 0, 0}, {0.0001, 0.01, 0, 0}, {0, 0, 0, 0}, {0.05, 0.15, 0, 0.2},
	    {0.05, 0.01, 0, 0.1}, {0.2, 0.01, 0.4, 0}, {0.1, 0.01, 0, 1}, {0.01, 0.02, 0, 0}};
	struct path p = {.rtt_steps = 10};
	path_init(&p, 100, 50000);
	for (int i = 0; i < 64; i++) {
		int k = i % 8;
		p.hit = regions[k].hit;
		p.usual_loss = regions[k].usual;
		p.stubborn = regions[k].stubborn;
		p.deaf = regions[k].deaf;
		path_run(&p, 20);
	}
	print_message("           %.0f %% of the rate, least %.0f %%\n",
	    100 * p.n_sent / p.seconds / 50000, 100 * p.least_pps / 50000);
	assert_true(p.n_sent / p.seconds > 0.85 * 50000 && p.least_pps > 0.02 * 50000);
}

static void test_looks_at_any_time_break_nothing(void **state)
{
	(void)state;
	struct rng rng = {12};
	struct adapt adapt;
	struct adapt_sample s = {.at_ns = NS_PER_SEC};
	adapt_init(&adapt, 3, 700000, s.at_ns);
	for (int i = 0; i < 50000; i++) {
		struct delivery_report answers = {.delay_ns = (int64_t)rng_shifted(&rng, 20, 44)};
		struct delivery_report sent = {0};
		s.at_ns += (int64_t)rng_shifted(&rng, 30, 30);
		s.n_sent += rng_shifted(&rng, 40, 24);
		s.n_received += rng_shifted(&rng, 40, 24);
		s.n_rx_lost += rng_below(&rng, 3) ? 0 : rng_shifted(&rng, 40, 24);
		s.n_tx_lost += rng_below(&rng, 3) ? 0 : rng_shifted(&rng, 40, 24);
		s.n_answered += rng_below(&rng, 100);
		answers.slot = delivery_slot_of(s.at_ns);
		for (int k = 0; k < DELIVERY_SLOTS; k += 1 + (int)rng_below(&rng, 30)) {
			answers.ago[k].n_first = (uint32_t)rng_shifted(&rng, 44, 20);
			answers.ago[k].n_again = (uint32_t)rng_shifted(&rng, 44, 20);
			sent.ago[k].n_first = (uint32_t)rng_shifted(&rng, 44, 20);
			sent.ago[k].n_again = rng_below(&rng, 9) ? 0 : 1000;
		}
		s.n_gone_back += rng_below(&rng, 5) ? 0 : rng_shifted(&rng, 40, 24);
		struct adapt_reports reports = {.data = rng_below(&rng, 9) ? &answers : NULL,
		    .syns = rng_below(&rng, 9) ? &answers : NULL,
		    .syns_sent = &sent};
		double pps = adapt_step(&adapt, &s, &reports);
		assert_true(pps >= 3 && pps <= 700000);
		double usual = far_loss_get_usual(&adapt.far);
		assert_true(usual >= 0 && usual <= 0.7);
		assert_true(adapt.n_undone <= adapt.n_far && adapt.n_far <= adapt.n_slowdowns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_modest_rate_is_kept_from_the_first_packet),
	    cmocka_unit_test(test_a_high_rate_is_reached_soon),
	    cmocka_unit_test(test_a_rate_that_is_not_used_is_not_raised),
	    cmocka_unit_test(test_the_rate_settles_at_what_this_host_can_do),
	    cmocka_unit_test(test_it_never_goes_below_the_least_rate),
	    cmocka_unit_test(test_it_comes_back_when_the_trouble_is_over),
	    cmocka_unit_test(test_one_loss_slows_once),
	    cmocka_unit_test(test_a_loss_in_the_first_seconds_is_no_verdict),
	    cmocka_unit_test(test_losses_in_a_row_do_not_multiply_for_long),
	    cmocka_unit_test(test_stalls_now_and_then_leave_most_of_the_rate),
	    cmocka_unit_test(test_a_stray_loss_is_no_reason),
	    cmocka_unit_test(test_a_stall_that_loses_packets_does_not_count_as_the_rate),
	    cmocka_unit_test(test_a_stall_at_a_rate_that_wavers_is_soon_forgotten),
	    cmocka_unit_test(test_a_far_queue_is_found_and_kept_busy),
	    cmocka_unit_test(test_a_queue_that_spares_data_is_found_by_syns),
	    cmocka_unit_test(test_what_was_lost_in_the_beginning_is_gone_back_to),
	    cmocka_unit_test(test_the_end_is_gone_back_to_on_suspicion),
	    cmocka_unit_test(test_all_that_was_lost_comes_again_at_a_rate_that_gets_through),
	    cmocka_unit_test(test_a_loss_of_any_rate_is_not_gone_back_to),
	    cmocka_unit_test(test_fewer_answers_at_any_rate_do_not_hold_it_down),
	    cmocka_unit_test(test_servers_that_fall_behind_are_waited_for),
	    cmocka_unit_test(test_slow_servers_do_not_hold_it_down),
	    cmocka_unit_test(test_a_queue_of_our_own_is_no_evidence),
	    cmocka_unit_test(test_the_beginning_costs_little),
	    cmocka_unit_test(test_a_narrower_way_is_followed_and_a_wider_one_too),
	    cmocka_unit_test(test_chance_slows_nothing),
	    cmocka_unit_test(test_who_lies_does_not_hold_it_down),
	    cmocka_unit_test(test_regions_of_a_list_do_not_hold_it_down),
	    cmocka_unit_test(test_looks_at_any_time_break_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
