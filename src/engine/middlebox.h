#ifndef ENGINE_MIDDLEBOX_H
#define ENGINE_MIDDLEBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/ipaddr.h"
#include "engine/messages.h"

/* What is known about hosts that answered: enough to tell services from devices that acknowledge
 * everything (LZR section 5.1; DESIGN.md section 4). Evidence is counted, and the verdict is a plain
 * function of the counts, so that the order in which evidence came cannot matter. */

enum host_state {
	HOST_UNSUSPECTED,
	HOST_TESTING, /* connections to random ports are open */
	HOST_JUDGED,  /* evidence is complete; it serves all later sessions of the host */
	HOST_STATE_COUNT,
};

struct session;

/* One host. Owned by the host_table; pinned (never evicted) while n_sessions > 0. */
struct host {
	struct ipaddr addr;
	uint32_t hash_next;          /* index + 1 in the bucket's chain */
	uint32_t lru_prev, lru_next; /* index + 1 */
	uint32_t bucket;
	uint32_t n_sessions; /* open or waiting sessions that point here */
	uint32_t n_running;  /* of these, targets' sessions that are not finished */
	uint16_t n_ports;    /* ports that answered a SYN, saturating */
	uint8_t state;       /* enum host_state */
	uint8_t n_pending;   /* test connections under way */
	uint8_t n_spoke;     /* test connections that answered data */
	struct hyperack_evidence evidence;
	int32_t rtt_us;          /* of the connection that raised the suspicion; 0: unknown */
	struct session *waiting; /* finished sessions whose records wait for this host */
};

_Static_assert(sizeof(struct host) <= 64, "one cache line");

/* The verdict on the counts: threshold or more random ports acknowledged data. Fewer tests than the
 * threshold (1 or more) can neither convict nor acquit. */
enum hyperack_verdict middlebox_judge(const struct hyperack_evidence *evidence, unsigned threshold);

/* Random ephemeral port number i of the test of addr: 32768..60999, keyed, the same however often it
 * is asked. */
uint16_t middlebox_test_port(const struct hash_key *key, const struct ipaddr *addr, unsigned i);

/* A host that was convicted, for the list of them. */
struct convict {
	struct ipaddr addr;
	struct hyperack_evidence evidence;
};

enum { CONVICTS_MAX = 1 << 16 }; /* listed; later ones are only counted */

/* Bounded set of hosts; the least recently used unpinned one gives way. Opaque; one thread. */
struct host_table;
int host_table_create(size_t max_hosts, const struct hash_key *key, struct host_table **out)
    __attribute__((warn_unused_result));
void host_table_destroy(struct host_table *table);

/* Begins to fetch what looking up n addresses, at most MEMO_LEARN_MAX, will need. */
void host_table_prefetch(struct host_table *table, const struct ipaddr *addrs, size_t n);

/* The host of addr, made when new. NULL: all hosts are pinned (the caller does without). O(1). */
struct host *host_table_get(struct host_table *table, const struct ipaddr *addr);
/* Puts a host on the list of convicted ones, which outlasts its place in the table. */
void host_table_note_convict(struct host_table *table, const struct host *host);
size_t host_table_count_convicts(const struct host_table *table);
const struct convict *host_table_convict_at(const struct host_table *table, size_t i);

/* The host of addr, or NULL when it is not known. O(1). */
struct host *host_table_find(struct host_table *table, const struct ipaddr *addr);

#endif
