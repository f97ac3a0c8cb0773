/* bell: naps that end early. One thread naps, any thread rings. Refuses to carry anything: that is what rings
 * are for. Source: futex(2); every change of the state is an exchange, so that either the one who rings sees
 * the nap, or the one who naps sees the ring. */
#include "base/bell.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/futex.h>

#include "base/clock.h"

enum { QUIET, RUNG, NAPPING };

void bell_init(struct bell *bell)
{
	__atomic_store_n(&bell->state, QUIET, __ATOMIC_RELEASE);
}

void bell_ring(struct bell *bell)
{
	if (__atomic_exchange_n(&bell->state, RUNG, __ATOMIC_ACQ_REL) == NAPPING)
		(void)syscall(SYS_futex, &bell->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void bell_nap(struct bell *bell, int64_t duration_ns)
{
	uint32_t state = QUIET;
	if (duration_ns > 0 && __atomic_compare_exchange_n(&bell->state, &state, NAPPING, false,
				   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		/* As this call has it everywhere, whatever libc's time_t is. */
		struct {
			long seconds, ns;
		} most = {(long)(duration_ns / NS_PER_SEC), (long)(duration_ns % NS_PER_SEC)};
		(void)syscall(SYS_futex, &bell->state, FUTEX_WAIT_PRIVATE, NAPPING, &most, NULL, 0);
	}
	(void)__atomic_exchange_n(&bell->state, QUIET, __ATOMIC_ACQ_REL);
}
