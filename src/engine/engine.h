#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "engine/delivery.h"
#include "engine/fsm.h"
#include "engine/messages.h"
#include "engine/middlebox.h"
#include "engine/prefix.h"
#include "wire/cookie.h"

/* Events in (segments, ICMP errors, time), messages out (tx_req, result). One engine belongs to one
 * receiver thread and owns its sessions, hosts and timers; it calls no system function and allocates
 * nothing after engine_create. Production, replay and tests drive it alike. Opaque. */
struct engine;

struct engine_config {
	struct conn_config conn;
	struct cookie_params cookie;
	struct hash_key table_key; /* for the tables; from hash_random */
	uint32_t n_attempts;       /* SYNs that a target may get: cookies to try */
	bool tells_answered;       /* tell the senders who has answered, in any case */
	uint32_t max_sessions;     /* open sessions, 1 .. 2^24 */
	uint32_t max_hosts;        /* hosts remembered for verdicts */
	uint32_t seen_capacity;    /* targets remembered as answered; a power of two */
	uint32_t n_hyperack;       /* random ports tested per suspicious host; 0: no test; <= 32 */
	uint32_t hyperack_threshold; /* 1 .. n_hyperack, when hosts are tested */
	uint32_t many_ports;         /* so many answering ports make a host suspicious */
	uint8_t wscale;              /* what our SYNs offer; 0 when they offer none */
	/* Records that may wait for what other targets of the host, or the test of the prefix, bring;
	 * one with a long result counts four times, and the oldest gives way. 0: none waits. */
	uint32_t max_held;
	int64_t hold_ns;         /* how long for a target that has not answered yet */
	bool skips_hyperacktive; /* tell the senders whom to probe no further */
	uint8_t n_alias_lengths; /* 0: IPv6 prefixes are not tested */
	uint8_t alias_lengths[PREFIX_LENGTHS_MAX]; /* 1..124 */
	bool is_all_probes;
	struct delivery *delivery; /* borrowed: what became of first data; NULL: nobody asks */
	struct delivery *contacts; /* borrowed: answers by when the SYN was sent; NULL */
	/* Borrowed: by when an answer to first data was due, targets whose first connection acknowledged it
	 * (n_first) and those that have answered it there (n_again); NULL. */
	struct delivery *said;
	/* Replay: nothing is sent, so nothing counts as sent but what engine_note_sent says. */
	bool is_replay;
};

/* The rim. ctx is what engine_create was given. Called on the receiver thread only. */
struct engine_ops {
	/* Sends a packet, or tells the generator something. False: no room now; the engine's timers
	 * will ask again. */
	bool (*send)(void *ctx, const struct tx_req *req);
	/* An empty result to collect data in, or NULL when they are running short: then the peer's
	 * data is left for a retransmission. Moves to the engine. */
	struct result *(*result_try)(void *ctx);
	/* A result with room for RESULT_DATA_MAX instead of this one, with all that it holds; the
	 * old one moves back to the rim. NULL: none now, and the old one stays. May be NULL itself,
	 * when every result has that room. */
	struct result *(*result_grow)(void *ctx, struct result *result);
	/* An empty result for a record that is due: waits for one. Moves to the engine. */
	struct result *(*result_get)(void *ctx);
	/* A finished record; moves to the rim. */
	void (*result_emit)(void *ctx, struct result *result);
	/* A result that is not needed after all; moves back to the rim. */
	void (*result_drop)(void *ctx, struct result *result);
	/* May this address, which is no target, be asked? NULL: yes. */
	bool (*may_probe)(void *ctx, const struct ipaddr *addr);
	/* The next two are NULL in a scan, where cookies decide; replay answers from the SYNs that it
	 * has read. Is this SYN-ACK the answer to a first SYN? Gives its sequence number and time. */
	bool (*accept_synack)(
	    void *ctx, const struct segment *segment, uint32_t *iss, int64_t *sent_ns);
	/* Flow and sequence number of the connection after the one on flow; false: there is none. */
	bool (*connect)(void *ctx, const struct flow *flow, struct cookie *out);
};

/* Makes an engine. set, planner, counters and ops are borrowed until engine_destroy; now_ns starts
 * its timers. Returns 0, -EINVAL (a config member out of range) or -ENOMEM. */
int engine_create(const struct engine_config *config, const struct sig_set *set,
    const struct sig_planner *planner, const struct engine_ops *ops, void *ctx,
    struct counters *counters, int64_t now_ns, struct engine **out)
    __attribute__((warn_unused_result));
/* Frees everything; sessions still open are dropped without a record (call engine_abort first). */
void engine_destroy(struct engine *engine);

/* Begins to fetch the memory that engine_segment() will need for each of n segments, at most
 * ENGINE_PREFETCH_MAX. Changes nothing. */
enum { ENGINE_PREFETCH_MAX = 16 };
void engine_prefetch(struct engine *engine, const struct segment *const *segments, size_t n);

/* A decoded TCP segment came. now_ns: monotonic capture time; wall_ns: the same moment for people. */
void engine_segment(
    struct engine *engine, const struct segment *segment, int64_t now_ns, int64_t wall_ns);

/* A piece of a datagram came; when it completes one, its segment is fed in. Strangers' pieces are kept
 * apart from those of peers that we talk with, and cannot push them out. */
void engine_fragment(
    struct engine *engine, const struct fragment *fragment, int64_t now_ns, int64_t wall_ns);

/* An ICMP error that quotes one of our flows came. */
void engine_icmp(struct engine *engine, const struct icmp_error *error, int64_t now_ns);

/* Fires what is due. Call it at least every few tens of milliseconds. O(timers due). */
void engine_tick(struct engine *engine, int64_t now_ns);

/* No target will answer for the first time any more (the cooldown is over): records that wait for such
 * are written. */
void engine_finish(struct engine *engine, int64_t now_ns);

/* Ends every open session now, as aborted (or as what its data says). */
void engine_abort(struct engine *engine, int64_t now_ns);

/* Sessions open or waiting for a verdict: 0 when the engine is drained. */
size_t engine_count_sessions(const struct engine *engine);

/* Begins to count down: of the targets whose sessions are open now, engine_count_marked() tells how many
 * still have no record. A mark may be set again when the count is 0. O(1). */
void engine_mark(struct engine *engine);
size_t engine_count_marked(const struct engine *engine);

/* The hosts that were convicted, for the metadata; borrowed. After the engine's thread has ended. */
const struct host_table *engine_get_hosts(const struct engine *engine);

/* What was found about prefixes, for the metadata; borrowed. NULL when nothing was tested. After the
 * engine's thread has ended. */
const struct prefix_table *engine_get_prefixes(const struct engine *engine);

/* Replay only: what the captured client really sent on this flow, so that acknowledgements of it
 * count and the probe is known by its bytes. */
void engine_note_sent(struct engine *engine, const struct segment *segment, int64_t now_ns);

#endif
