#ifndef ENGINE_PREFIX_H
#define ENGINE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"
#include "base/hash.h"
#include "base/ipaddr.h"

/* What is known about prefixes that answer everywhere. IPv6: one random address in each of the 16
 * sub-prefixes is asked; all answering makes the prefix aliased (Gasser et al., IMC 2018). IPv4: more
 * than 90 % of a /24 answering on one port makes it highly responsive (Sattler et al., CoNEXT 2023);
 * that costs no packet. Evidence is counted; the verdict is a function of it. Bounded; one thread. */

enum {
	PREFIX_FANOUT = 16, /* sub-prefixes asked */
	PREFIX_SCOUTS = 3,  /* asked one by one: only when one of them answers, the others are */
	PREFIX_DENSE_MIN = 231, /* more than 90 % of 256 addresses */
	PREFIX_LENGTHS_MAX = 8,
	PREFIX_TESTS_MAX = 1 << 20,  /* IPv6 prefixes tested in one scan; 56 bytes each, as used */
	PREFIX_DENSE_SLOTS = 1 << 18 /* (/24, port) pairs counted at the same time */
};

enum prefix_state {
	PREFIX_SCOUTING, /* one address is asked */
	PREFIX_DOUBTED,  /* it did not answer: the next target that answers sends another scout */
	PREFIX_TESTING,  /* it did: all sub-prefixes are asked */
	PREFIX_JUDGED,
	PREFIX_STATE_COUNT,
};

struct session;

/* One IPv6 prefix under test or judged. */
struct prefix {
	struct ipaddr addr; /* host bits zero */
	uint8_t len;
	uint8_t state;     /* enum prefix_state */
	uint8_t n_pending; /* addresses asked that have not answered or timed out */
	uint8_t n_rounds;  /* after the scouts */
	uint8_t n_scouts;
	bool is_aliased;
	uint16_t port;  /* asked on */
	uint16_t asked; /* bit per sub-prefix */
	uint16_t answered;
	struct session *waiting; /* finished sessions whose records wait for the verdict */
};

/* One IPv4 /24 that was found highly responsive. */
struct prefix_dense {
	uint32_t net; /* host order, low 8 bits zero */
	uint16_t port;
	uint16_t n_answered;
};

struct prefix_table;
int prefix_table_create(const struct hash_key *key, struct prefix_table **out)
    __attribute__((warn_unused_result));
void prefix_table_destroy(struct prefix_table *table);

/* The prefix of length len that contains addr. *is_new: it was not known and is now PREFIX_DOUBTED.
 * NULL: PREFIX_TESTS_MAX are known already. O(1). */
struct prefix *prefix_table_get(
    struct prefix_table *table, const struct ipaddr *addr, uint8_t len, bool *is_new);
/* The same without making it; NULL: not known. */
struct prefix *prefix_table_find(
    struct prefix_table *table, const struct ipaddr *addr, uint8_t len);

/* A random address in sub-prefix i (0..15) of prefix: keyed, the same each time. */
struct ipaddr prefix_address(
    const struct prefix_table *table, const struct prefix *prefix, unsigned i);

/* Begins to fetch what counting and asking about the /24 and port of n IPv4 targets, at most MEMO_LEARN_MAX,
 * will need. */
void prefix_table_prefetch_v4(struct prefix_table *table, const struct target *targets, size_t n);

/* Counts an IPv4 address that answered on port; returns whether its /24 is highly responsive now. */
bool prefix_table_count_v4(struct prefix_table *table, const struct ipaddr *addr, uint16_t port);

/* Is the /24 of addr highly responsive on port, as counted so far? */
bool prefix_table_is_dense(struct prefix_table *table, const struct ipaddr *addr, uint16_t port);

/* For the metadata: IPv6 prefixes known, by number, and dense IPv4 ones. */
size_t prefix_table_count(const struct prefix_table *table);
const struct prefix *prefix_table_at(const struct prefix_table *table, size_t i);
size_t prefix_table_count_dense(const struct prefix_table *table);
const struct prefix_dense *prefix_table_dense_at(const struct prefix_table *table, size_t i);

#endif
