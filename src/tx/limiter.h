#ifndef TX_LIMITER_H
#define TX_LIMITER_H

#include <stdint.h>

/* The token bucket that every packet is paid from, shared by all senders. One number says up to which
 * moment tokens have been spent; a sender takes a batch by moving it ahead with one compare-and-swap,
 * so that nobody ever waits for anybody and no token is granted twice. Time comes in: no clock.
 *
 * In any stretch of t seconds all senders together are granted at most rate * t + burst tokens,
 * whatever their clocks do, and whatever has not been given back. The burst is 10 ms of rate, at least
 * one_unit tokens. Sound for four years after limiter_init. */
struct limiter {
	/* A line of its own: senders write to it once a batch. */
	_Alignas(64) int64_t spent_until; /* ticks since start_ns; atomic */
	_Alignas(
	    64) uint64_t cost_bits; /* the double: ticks a token costs; atomic, rarely written */
	int64_t start_ns;
	double one_unit;
};

/* Before threads start. rate > 0 tokens a second, fractions allowed. one_unit: the largest single
 * spending, 1 packet or the bytes of one; so much is saved at the beginning. */
void limiter_init(struct limiter *limiter, double rate, double one_unit, int64_t now_ns);

/* Changes the rate from now on; what was granted stays granted. Any one thread (main). */
void limiter_set_rate(struct limiter *limiter, double rate);

/* Takes up to max times unit tokens (unit: 1 .. one_unit), as often as there are unit of them at now_ns
 * (the caller's monotonic clock); returns how often. Any sender; O(1) but for the rare lost race with
 * another sender. */
uint64_t limiter_take(struct limiter *limiter, uint64_t max, double unit, int64_t now_ns);

/* Gives back n tokens that were taken and not spent. Any sender. */
void limiter_give(struct limiter *limiter, uint64_t n);

/* How long until n tokens can be taken if nobody else takes any, ns; 0: now. Any sender. */
int64_t limiter_wait_ns(const struct limiter *limiter, double n, int64_t now_ns);

#endif
