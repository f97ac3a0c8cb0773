#ifndef ENGINE_CONN_TABLE_H
#define ENGINE_CONN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/flow.h"
#include "base/hash.h"

/* flow -> handle, open addressing, keyed hash (a stranger cannot make collisions). Sized once for max_flows;
 * one thread. An entry is 8 bytes: the flow itself stays where the handle leads, and its owner is asked
 * when a part of the hash agrees. Opaque. */
struct conn_table;

#define CONN_NONE UINT32_MAX

enum { CONN_HANDLES_MAX = 1 << 24 }; /* handles are smaller than that */

/* Is it flow that handle leads to? handle is in the table. ctx is what conn_table_create was given. */
typedef bool (*conn_is_flow)(void *ctx, uint32_t handle, const struct flow *flow);

/* Room for max_flows, 1 to CONN_HANDLES_MAX. Returns 0, -EINVAL or -ENOMEM; the caller owns *out. */
int conn_table_create(size_t max_flows, const struct hash_key *key, conn_is_flow is_flow, void *ctx,
    struct conn_table **out) __attribute__((warn_unused_result));
void conn_table_destroy(struct conn_table *table);

/* The keyed hash of flow; cheap when the table was asked about it a moment ago. */
uint64_t conn_table_hash(struct conn_table *table, const struct flow *flow);

/* The handle of flow, or CONN_NONE. O(1). */
uint32_t conn_table_lookup(struct conn_table *table, const struct flow *flow);

/* Begins to fetch what the others will need of the table's memory for n flows, at most MEMO_LEARN_MAX. */
void conn_table_prefetch(struct conn_table *table, const struct flow *flows, size_t n);

/* The handle that conn_table_lookup() would give, unless other flows have the same part of a hash: its owner
 * is not asked. */
uint32_t conn_table_guess(struct conn_table *table, const struct flow *flow);

/* Adds flow. False: max_flows are in, or the flow is there already. */
bool conn_table_insert(struct conn_table *table, const struct flow *flow, uint32_t handle);

/* Takes flow out; harmless when it is not in. */
void conn_table_remove(struct conn_table *table, const struct flow *flow);

size_t conn_table_count(const struct conn_table *table);

#endif
