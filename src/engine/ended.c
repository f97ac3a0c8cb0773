/* ended: what was reset a moment ago. Receiver thread; sized once, touched as used. Refuses to believe in
 * round trips of more than a few seconds: then the RST may have been lost, and one more costs little. */
#include "engine/ended.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

/* Less than any system waits before it says something again because nobody has answered (Linux: 200 ms; RFC
 * 6298: 1 s), so that a RST which was lost is sent again; more than a probe for a lost tail takes on a short
 * way (RFC 8985 section 7). */
#define SPARE_NS   (100 * NS_PER_MS)
#define RTT_MAX_NS (3 * NS_PER_SEC)
enum { SLOTS_LOG = 14 };

struct ended {
	struct slot {
		uint32_t tag;
		uint32_t until_ms; /* of the monotonic clock, wrapping */
	} slots[1 << SLOTS_LOG];
};

int ended_create(struct ended **out)
{
	*out = calloc(1, sizeof(**out)); /* mapped, not touched */
	return *out ? 0 : -ENOMEM;
}

void ended_destroy(struct ended *ended)
{
	free(ended);
}

static uint32_t ms_of(int64_t ns)
{
	return (uint32_t)(ns / NS_PER_MS);
}

void ended_note(struct ended *ended, uint64_t hash, int32_t rtt_us, int64_t now_ns)
{
	int64_t rtt_ns = rtt_us > 0 ? rtt_us * NS_PER_US : 0;
	if (rtt_ns > RTT_MAX_NS)
		rtt_ns = RTT_MAX_NS;
	ended->slots[hash >> (64 - SLOTS_LOG)] =
	    (struct slot){(uint32_t)hash, ms_of(now_ns + rtt_ns + SPARE_NS)};
}

bool ended_is_recent(const struct ended *ended, uint64_t hash, int64_t now_ns)
{
	const struct slot *slot = &ended->slots[hash >> (64 - SLOTS_LOG)];
	uint32_t left_ms = slot->until_ms - ms_of(now_ns);
	/* After 50 days the same tag may look recent again for a moment. */
	return slot->tag == (uint32_t)hash && left_ms <= ms_of(RTT_MAX_NS + SPARE_NS);
}
