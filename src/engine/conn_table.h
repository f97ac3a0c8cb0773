#ifndef ENGINE_CONN_TABLE_H
#define ENGINE_CONN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/flow.h"
#include "base/hash.h"

/* flow -> 32-bit handle, open addressing, keyed hash (a stranger cannot make collisions). Sized once
 * for max_flows; one thread. Flows are told apart by 64 bits of keyed hash: two of n share them with
 * probability n^2 / 2^65, 3e-10 at 100,000; who must not err compares the flow that the handle leads
 * to. Opaque. */
struct conn_table;

#define CONN_NONE UINT32_MAX

int conn_table_create(size_t max_flows, const struct hash_key *key, struct conn_table **out)
    __attribute__((warn_unused_result));
void conn_table_destroy(struct conn_table *table);

/* The handle of flow, or CONN_NONE. O(1). */
uint32_t conn_table_lookup(const struct conn_table *table, const struct flow *flow);

/* Adds flow. False: max_flows are in, or the flow is there already. */
bool conn_table_insert(struct conn_table *table, const struct flow *flow, uint32_t handle);

/* Takes flow out; harmless when it is not in. */
void conn_table_remove(struct conn_table *table, const struct flow *flow);

size_t conn_table_count(const struct conn_table *table);

#endif
