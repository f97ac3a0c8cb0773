#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SEC INT64_C(1000000000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_US  INT64_C(1000)

/* Nanoseconds of CLOCK_MONOTONIC: all durations and deadlines. */
int64_t clock_mono_ns(void);

/* Nanoseconds of CLOCK_REALTIME since 1970: only for what people read. */
int64_t clock_wall_ns(void);

/* Sleeps for duration_ns; a signal may end it early. <= 0 returns at once. */
void clock_sleep_ns(int64_t duration_ns);

#endif
