#ifndef TX_ONLINK_H
#define TX_ONLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"
#include "base/hash.h"

/* MACs of targets on our own link, asked for by ARP or NDP within the rate. SYNs wait here for the answer, and
 * later attempts until they trail what has waited; what nobody answers for is given up. Pure: time (monotonic,
 * never decreasing) and answers come in, requests go out through onlink_next_request. Bounded:
 * ONLINK_MAX_ADDRS addresses, ONLINK_MAX_PARKED SYNs. Owned by one sender. Opaque. */
struct onlink;

enum { ONLINK_MAX_ADDRS = 65536, ONLINK_MAX_PARKED = 65536, ONLINK_TRIES = 3 };

enum onlink_state {
	ONLINK_PENDING,  /* asked, not answered yet */
	ONLINK_RESOLVED, /* mac is known */
	ONLINK_FAILED,   /* nobody answered */
	ONLINK_STATE_COUNT,
};

/* delay_ns: from one attempt to the next; 0, or a tick of the wheel (base/wheel.h) at least, so that of a
 * target's attempts one is out of the wheel when the next is due. */
int onlink_create(const struct hash_key *key, int64_t delay_ns, struct onlink **out)
    __attribute__((warn_unused_result));
void onlink_destroy(struct onlink *onlink);

/* What is known of addr; asks when it is new. *mac is filled when resolved. When the table is full
 * the oldest failed or resolved address is forgotten; when all are pending: ONLINK_FAILED. */
enum onlink_state onlink_lookup(
    struct onlink *onlink, const struct ipaddr *addr, int64_t now_ns, uint8_t mac[6]);

/* Keeps SYN n of a target (its attempts count from 0), given out now, whose address is pending. False: it is not,
 * or no room; try again later. */
bool onlink_park(struct onlink *onlink, const struct target *target, uint16_t n, int64_t now_ns);

/* Keeps SYN n of a target, given out now and at least the delay after the one before, if it would leave less
 * than that after it: SYNs of its host waited and were sent later than they were given out. It comes out of
 * onlink_take when it trails, no later than by the longest of those waits. False: send it now (or no room). O(1).
 * An address that gave way to others since is held back no more. */
bool onlink_hold_back(
    struct onlink *onlink, const struct target *target, uint16_t n, int64_t now_ns);

/* An answer was heard: addr is at mac. Unasked ones are ignored, or with may_learn kept as if asked for
 * (another sender did); then they only take the place of what is settled. */
void onlink_note(
    struct onlink *onlink, const struct ipaddr *addr, const uint8_t mac[6], bool may_learn);

/* Takes one parked SYN to send now: its address is resolved (*is_failed false); or one that was given up (true).
 * False: none. Until it says so give out nothing new, which might overtake them. */
bool onlink_take(
    struct onlink *onlink, int64_t now_ns, struct target *target, uint16_t *n, bool *is_failed);

/* Is it time to ask for an address, or to give one up? */
bool onlink_has_request(const struct onlink *onlink, int64_t now_ns);

/* The next address to ask for now, or NULL. Each is asked ONLINK_TRIES times, a second apart. */
const struct ipaddr *onlink_next_request(struct onlink *onlink, int64_t now_ns);

/* Parked SYNs: the sender is not done before this is 0. */
size_t onlink_count_parked(const struct onlink *onlink);

/* Of the SYNs parked now, onlink_count_marked() tells from now on how many still are. A mark replaces the
 * one before it. O(1). */
void onlink_mark(struct onlink *onlink);
size_t onlink_count_marked(const struct onlink *onlink);

/* How many more SYNs can be parked. */
size_t onlink_count_room(const struct onlink *onlink);

#endif
