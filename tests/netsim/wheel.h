#ifndef NETSIM_WHEEL_H
#define NETSIM_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deadlines of n things known by index: a hashed wheel of 1 ms slots (Varghese and Lauck 1987, scheme
 * 6). Arming, cancelling and expiring are O(1); a deadline beyond one turn is looked at once a turn. */
struct wheel;

/* Called for an expired index, which is not armed any more; may arm and cancel any index. */
typedef void wheel_fn(void *ctx, uint32_t index);

/* Room for indices 0..n-1. Returns 0 or -ENOMEM. The caller owns *out. */
int wheel_create(uint32_t n, struct wheel **out) __attribute__((warn_unused_result));
void wheel_destroy(struct wheel *wheel);

/* (Re)arms index for deadline_ns (monotonic); one that has passed expires at the next turn. */
void wheel_arm(struct wheel *wheel, uint32_t index, int64_t deadline_ns);
/* The same, unless index is armed for that time or an earlier one already: then it stays so. */
void wheel_arm_by(struct wheel *wheel, uint32_t index, int64_t deadline_ns);
void wheel_cancel(struct wheel *wheel, uint32_t index);
bool wheel_is_armed(const struct wheel *wheel, uint32_t index);
uint32_t wheel_count(const struct wheel *wheel);

/* Brings what is known of index into the cache; any number is allowed. */
void wheel_prefetch(const struct wheel *wheel, uint32_t index);

/* Calls fn for every index whose deadline is not after now_ns. Time never goes back. */
void wheel_expire(struct wheel *wheel, int64_t now_ns, wheel_fn *fn, void *ctx);

#endif
