/* conns: flow -> connection, bounded. Owned by the I/O thread. Refuses to grow: a full table is the
 * caller's to handle (SYN cookies). */
#include "tests/netsim/conns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/netsim/mix.h"

struct conns {
	uint64_t seed;
	uint32_t max;
	uint32_t mask;
	uint32_t n_used; /* slots ever used */
	uint32_t n;
	uint32_t free_list; /* index + 1 */
	uint32_t *heads;    /* index + 1; 0: empty, so untouched memory is an empty table */
	struct conn *slots;
};

int conns_create(uint32_t max, uint64_t seed, struct conns **out)
{
	struct conns *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	uint32_t n_heads = 64;
	while (n_heads < max)
		n_heads *= 2;
	c->seed = seed;
	c->max = max;
	c->mask = n_heads - 1;
	c->heads = calloc(n_heads, sizeof(*c->heads));
	c->slots = calloc(max ? max : 1, sizeof(*c->slots));
	if (!c->heads || !c->slots) {
		conns_destroy(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void conns_destroy(struct conns *conns)
{
	if (!conns)
		return;
	free(conns->heads);
	free(conns->slots);
	free(conns);
}

uint32_t conns_hash(const struct conns *conns, const struct flow *flow)
{
	uint64_t h = mix_addr(conns->seed, (uint64_t)flow->lport << 16 | flow->rport, &flow->raddr);
	return (uint32_t)mix_addr(h, 0, &flow->laddr);
}

static uint32_t *head_of(const struct conns *conns, uint32_t hash)
{
	return &conns->heads[hash & conns->mask];
}

void conns_prefetch_head(const struct conns *conns, uint32_t hash)
{
	__builtin_prefetch(head_of(conns, hash), 1);
}

uint32_t conns_prefetch_conn(const struct conns *conns, uint32_t hash)
{
	uint32_t i = *head_of(conns, hash);
	if (i == 0)
		return UINT32_MAX;
	const uint8_t *bytes = (const uint8_t *)&conns->slots[i - 1];
	for (size_t off = 0; off < sizeof(struct conn); off += 64)
		__builtin_prefetch(bytes + off, 1);
	return i - 1;
}

struct conn *conns_find(struct conns *conns, const struct flow *flow, uint32_t hash)
{
	for (uint32_t i = *head_of(conns, hash); i; i = conns->slots[i - 1].next)
		if (memcmp(&conns->slots[i - 1].flow, flow, sizeof(*flow)) == 0)
			return &conns->slots[i - 1];
	return NULL;
}

struct conn *conns_add(struct conns *conns, const struct flow *flow, uint32_t hash)
{
	struct conn *conn;
	if (conns->free_list) {
		conn = &conns->slots[conns->free_list - 1];
		conns->free_list = conn->next;
	} else if (conns->n_used < conns->max) {
		conn = &conns->slots[conns->n_used++];
	} else {
		return NULL;
	}
	memset(conn, 0, sizeof(*conn));
	conn->flow = *flow;
	conn->hash = hash;
	uint32_t *head = head_of(conns, hash);
	conn->next = *head;
	*head = conns_index(conns, conn) + 1;
	conns->n++;
	return conn;
}

void conns_remove(struct conns *conns, struct conn *conn)
{
	uint32_t *link = head_of(conns, conn->hash);
	while (*link != conns_index(conns, conn) + 1)
		link = &conns->slots[*link - 1].next;
	*link = conn->next;
	conn->next = conns->free_list;
	conns->free_list = conns_index(conns, conn) + 1;
	conns->n--;
}

uint32_t conns_index(const struct conns *conns, const struct conn *conn)
{
	return (uint32_t)(conn - conns->slots);
}

struct conn *conns_at(struct conns *conns, uint32_t index)
{
	return &conns->slots[index];
}

uint32_t conns_count(const struct conns *conns)
{
	return conns->n;
}
