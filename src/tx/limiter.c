/* limiter: token bucket. Owned by one thread; no clock. */
#include "tx/limiter.h"

#include "base/clock.h"

#define BURST_SECONDS 0.010 /* DESIGN.md section 2 item 8 */

void limiter_init(struct limiter *limiter, double rate, double one_unit, int64_t now_ns)
{
	limiter->rate = rate;
	limiter->burst = rate * BURST_SECONDS;
	if (limiter->burst < one_unit)
		limiter->burst = one_unit;
	limiter->tokens = one_unit;
	limiter->last_ns = now_ns;
}

uint64_t limiter_available(struct limiter *limiter, int64_t now_ns)
{
	/* A clock that jumps back gives nothing; one that jumps ahead gives a burst at most. */
	if (now_ns > limiter->last_ns) {
		limiter->tokens += (double)(now_ns - limiter->last_ns) * limiter->rate / NS_PER_SEC;
		if (limiter->tokens > limiter->burst)
			limiter->tokens = limiter->burst;
		limiter->last_ns = now_ns;
	}
	return limiter->tokens < 1 ? 0 : (uint64_t)limiter->tokens;
}

void limiter_spend(struct limiter *limiter, double n)
{
	limiter->tokens -= n;
}

int64_t limiter_wait_ns(const struct limiter *limiter, double n)
{
	double missing = n - limiter->tokens;
	if (missing <= 0)
		return 0;
	double ns = missing * NS_PER_SEC / limiter->rate;
	return ns > 3600e9 ? 3600 * NS_PER_SEC : (int64_t)ns + 1;
}
