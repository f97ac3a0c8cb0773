#ifndef TX_LIMITER_H
#define TX_LIMITER_H

#include <stdint.h>

/* The token bucket that every packet is paid from. Pure: time comes in. Owned by one sender. In any
 * stretch of t seconds it grants at most rate * t + burst tokens, whatever the clock does. */
struct limiter {
	double rate;   /* tokens a second */
	double burst;  /* most tokens that can be saved */
	double tokens; /* may be negative after limiter_spend: debt is paid before the next grant */
	int64_t last_ns;
};

/* rate > 0, fractions allowed. The burst is 10 ms of rate, at least one_unit tokens (the largest
 * single spending: 1 packet, or the bytes of one). Starts with one_unit saved. */
void limiter_init(struct limiter *limiter, double rate, double one_unit, int64_t now_ns);

/* How many whole tokens can be spent now. */
uint64_t limiter_available(struct limiter *limiter, int64_t now_ns);

/* Spends n tokens. */
void limiter_spend(struct limiter *limiter, double n);

/* How long until n tokens can be spent, ns; 0: now. */
int64_t limiter_wait_ns(const struct limiter *limiter, double n);

#endif
