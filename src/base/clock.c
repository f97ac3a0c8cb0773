/* clock: the only place that reads the time. Any thread. */
#include "base/clock.h"

#include <time.h>

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

void clock_sleep_ns(int64_t duration_ns)
{
	if (duration_ns <= 0)
		return;
	struct timespec ts = {.tv_sec = (time_t)(duration_ns / NS_PER_SEC),
	    .tv_nsec = (long)(duration_ns % NS_PER_SEC)};
	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}
