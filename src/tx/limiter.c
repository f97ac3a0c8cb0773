/* limiter: the token bucket of all senders. Any sender thread; no clock, no lock: one number that
 * moves by compare-and-swap. The number is a time ("virtual scheduling" of ITU-T I.371 annex A): a
 * token costs 1 / rate seconds, and what is spent may not lie ahead of the clock. */
#include "tx/limiter.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"

#define BURST_NS (10 * NS_PER_MS) /* DESIGN.md section 2 item 8 */
#define WAIT_MAX (3600 * NS_PER_SEC)

/* Fine enough for 10 million packets a second to be right within 1 / 12,800, coarse enough for 63
 * bits to hold four years. */
enum { TICKS_PER_NS = 64 };

static int64_t round_up(double ticks)
{
	int64_t whole = (int64_t)ticks;
	return whole + ((double)whole < ticks);
}

static double get_cost(const struct limiter *limiter)
{
	uint64_t bits = __atomic_load_n(&limiter->cost_bits, __ATOMIC_RELAXED);
	double cost;
	memcpy(&cost, &bits, sizeof(cost));
	return cost;
}

void limiter_set_rate(struct limiter *limiter, double rate)
{
	double cost = TICKS_PER_NS * (double)NS_PER_SEC / rate;
	uint64_t bits;
	memcpy(&bits, &cost, sizeof(bits));
	__atomic_store_n(&limiter->cost_bits, bits, __ATOMIC_RELAXED);
}

/* What can be saved, ticks. */
static int64_t get_burst(const struct limiter *limiter, double cost)
{
	double unit = limiter->one_unit * cost;
	double burst = (double)(BURST_NS * TICKS_PER_NS);
	return round_up(unit > burst ? unit : burst);
}

void limiter_init(struct limiter *limiter, double rate, double one_unit, int64_t now_ns)
{
	*limiter = (struct limiter){.start_ns = now_ns, .one_unit = one_unit};
	limiter_set_rate(limiter, rate);
	limiter->spent_until = -round_up(one_unit * get_cost(limiter));
}

static int64_t ticks_of(const struct limiter *limiter, int64_t now_ns)
{
	int64_t age_ns = now_ns - limiter->start_ns;
	const int64_t oldest = INT64_MAX / TICKS_PER_NS / 2;
	if (age_ns > oldest)
		age_ns = oldest;
	return age_ns < 0 ? 0 : age_ns * TICKS_PER_NS;
}

uint64_t limiter_take(struct limiter *limiter, uint64_t max, double unit, int64_t now_ns)
{
	double token_cost = get_cost(limiter);
	double cost = unit * token_cost;
	int64_t now = ticks_of(limiter, now_ns);
	int64_t floor_at = now - get_burst(limiter, token_cost);
	int64_t seen = __atomic_load_n(&limiter->spent_until, __ATOMIC_RELAXED);
	for (;;) {
		/* A clock behind the others' gets nothing; one that jumped ahead gets a burst. */
		int64_t from = seen < floor_at ? floor_at : seen;
		if (from >= now)
			return 0;
		double n_there = (double)(now - from) / cost;
		uint64_t n = n_there < (double)max ? (uint64_t)n_there : max;
		if (n == 0)
			return 0;
		int64_t to = from + round_up((double)n * cost);
		if (__atomic_compare_exchange_n(&limiter->spent_until, &seen, to, false,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return n;
	}
}

void limiter_give(struct limiter *limiter, uint64_t n)
{
	if (n == 0)
		return;
	int64_t back = (int64_t)((double)n * get_cost(limiter));
	__atomic_fetch_sub(&limiter->spent_until, back, __ATOMIC_RELAXED);
}

int64_t limiter_wait_ns(const struct limiter *limiter, double n, int64_t now_ns)
{
	int64_t now = ticks_of(limiter, now_ns);
	int64_t from = __atomic_load_n(&limiter->spent_until, __ATOMIC_RELAXED);
	double ticks = (double)(from - now) + n * get_cost(limiter);
	if (ticks <= 0)
		return 0;
	double ns = ticks / TICKS_PER_NS;
	return ns > (double)WAIT_MAX ? WAIT_MAX : (int64_t)ns + 1;
}
