/* onlink: neighbours of ours that are targets. Sender thread; sized once; no I/O.
 * Sources: RFC 826; RFC 4861 section 7.2.2 and section 10 (three requests, one second apart). */
#include "tx/onlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define RETRY_NS (1 * NS_PER_SEC)
enum { NIL = 0, BUCKETS = ONLINK_MAX_ADDRS };

/* Indices are stored + 1; 0 is nil. */
struct entry {
	struct ipaddr addr;
	uint8_t mac[6];
	uint8_t state;
	uint8_t n_asked;
	uint32_t hash_next;
	uint32_t bucket;
	/* In the queue of addresses to ask, by due time: exactly the pending ones are in it. */
	uint32_t queue_prev, queue_next;
	uint32_t parked; /* first parked SYN */
	int64_t due_ns;
};

struct parked {
	struct target target;
	uint16_t n;
	uint32_t next;
	uint32_t mark; /* onlink.mark when it was parked */
};

struct onlink {
	struct hash_key key;
	size_t n_entries;
	size_t victim; /* where the search for a slot to reuse goes on */
	uint32_t ask_head, ask_tail;
	uint32_t free_parked;
	uint32_t ready_head; /* parked SYNs of resolved addresses */
	uint32_t failed_head;
	size_t n_parked;
	uint32_t mark;   /* how many there have been */
	size_t n_marked; /* parked before the last one */
	uint32_t buckets[BUCKETS];
	struct entry entries[ONLINK_MAX_ADDRS];
	struct parked parked[ONLINK_MAX_PARKED];
};

int onlink_create(const struct hash_key *key, struct onlink **out)
{
	struct onlink *onlink = calloc(1, sizeof(*onlink)); /* mapped; touched as used */
	if (!onlink)
		return -ENOMEM;
	onlink->key = *key;
	*out = onlink;
	return 0;
}

void onlink_destroy(struct onlink *onlink)
{
	free(onlink);
}

static struct entry *find(struct onlink *onlink, const struct ipaddr *addr, uint32_t *bucket)
{
	*bucket = (uint32_t)(hash_siphash(&onlink->key, addr, sizeof(*addr)) % BUCKETS);
	for (uint32_t id = onlink->buckets[*bucket]; id; id = onlink->entries[id - 1].hash_next) {
		if (ipaddr_equal(&onlink->entries[id - 1].addr, addr))
			return &onlink->entries[id - 1];
	}
	return NULL;
}

static void unlink_bucket(struct onlink *onlink, const struct entry *e)
{
	uint32_t id = (uint32_t)(e - onlink->entries) + 1;
	uint32_t *link = &onlink->buckets[e->bucket];
	while (*link != id)
		link = &onlink->entries[*link - 1].hash_next;
	*link = e->hash_next;
}

static struct entry *claim(struct onlink *onlink)
{
	if (onlink->n_entries < ONLINK_MAX_ADDRS)
		return &onlink->entries[onlink->n_entries++];
	for (size_t i = 0; i < 64; i++) {
		struct entry *e = &onlink->entries[onlink->victim++ % ONLINK_MAX_ADDRS];
		if (e->state != ONLINK_PENDING && !e->parked) {
			unlink_bucket(onlink, e);
			return e;
		}
	}
	return NULL;
}

static void push_ask(struct onlink *onlink, struct entry *e, int64_t due_ns)
{
	uint32_t id = (uint32_t)(e - onlink->entries) + 1;
	e->due_ns = due_ns;
	e->queue_prev = onlink->ask_tail;
	e->queue_next = NIL;
	if (onlink->ask_tail)
		onlink->entries[onlink->ask_tail - 1].queue_next = id;
	else
		onlink->ask_head = id;
	onlink->ask_tail = id;
}

static void unlink_ask(struct onlink *onlink, struct entry *e)
{
	if (e->queue_prev)
		onlink->entries[e->queue_prev - 1].queue_next = e->queue_next;
	else
		onlink->ask_head = e->queue_next;
	if (e->queue_next)
		onlink->entries[e->queue_next - 1].queue_prev = e->queue_prev;
	else
		onlink->ask_tail = e->queue_prev;
}

/* A record for addr, which is not known yet, in its bucket; NULL: every slot is in use. */
static struct entry *add(struct onlink *onlink, const struct ipaddr *addr, uint32_t bucket)
{
	struct entry *e = claim(onlink);
	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->addr = *addr;
	e->bucket = bucket;
	e->hash_next = onlink->buckets[bucket];
	onlink->buckets[bucket] = (uint32_t)(e - onlink->entries) + 1;
	return e;
}

enum onlink_state onlink_lookup(
    struct onlink *onlink, const struct ipaddr *addr, int64_t now_ns, uint8_t mac[6])
{
	uint32_t bucket;
	struct entry *e = find(onlink, addr, &bucket);
	if (e) {
		memcpy(mac, e->mac, 6);
		return (enum onlink_state)e->state;
	}
	e = add(onlink, addr, bucket);
	if (!e)
		return ONLINK_FAILED;
	e->state = ONLINK_PENDING;
	/* Due at once: in front of what waits for its second try would be fairer, but the queue is
	 * sorted by time only because everything waits equally long; new ones wait a tick at most. */
	e->due_ns = now_ns;
	uint32_t id = (uint32_t)(e - onlink->entries) + 1;
	e->queue_next = onlink->ask_head;
	if (onlink->ask_head)
		onlink->entries[onlink->ask_head - 1].queue_prev = id;
	else
		onlink->ask_tail = id;
	onlink->ask_head = id;
	return ONLINK_PENDING;
}

bool onlink_has_room(const struct onlink *onlink)
{
	return onlink->n_parked < ONLINK_MAX_PARKED;
}

bool onlink_park(struct onlink *onlink, const struct target *target, uint16_t n)
{
	uint32_t bucket;
	struct entry *e = find(onlink, &target->addr, &bucket);
	if (!e || !onlink_has_room(onlink))
		return false;
	uint32_t id = onlink->free_parked;
	if (id)
		onlink->free_parked = onlink->parked[id - 1].next;
	else
		id = (uint32_t)onlink->n_parked +
		     1; /* no free one: the first n_parked are all in use */
	onlink->n_parked++;
	struct parked *p = &onlink->parked[id - 1];
	p->target = *target;
	p->n = n;
	p->mark = onlink->mark;
	p->next = e->parked;
	e->parked = id;
	return true;
}

/* Moves the parked SYNs of e to the front of a list. */
static void release(struct onlink *onlink, struct entry *e, uint32_t *list)
{
	while (e->parked) {
		struct parked *p = &onlink->parked[e->parked - 1];
		uint32_t id = e->parked;
		e->parked = p->next;
		p->next = *list;
		*list = id;
	}
}

void onlink_note(
    struct onlink *onlink, const struct ipaddr *addr, const uint8_t mac[6], bool may_learn)
{
	uint32_t bucket;
	struct entry *e = find(onlink, addr, &bucket);
	bool is_queued = e && e->state == ONLINK_PENDING;
	if (!e && may_learn)
		e = add(onlink, addr, bucket);
	if (!e)
		return;
	memcpy(e->mac, mac, 6);
	if (is_queued)
		unlink_ask(onlink, e);
	e->state = ONLINK_RESOLVED;
	release(onlink, e, &onlink->ready_head);
}

bool onlink_take(struct onlink *onlink, struct target *target, uint16_t *n, bool *is_failed)
{
	*is_failed = onlink->ready_head == NIL;
	uint32_t *list = *is_failed ? &onlink->failed_head : &onlink->ready_head;
	uint32_t id = *list;
	if (!id)
		return false;
	struct parked *p = &onlink->parked[id - 1];
	*target = p->target;
	*n = p->n;
	*list = p->next;
	p->next = onlink->free_parked;
	onlink->free_parked = id;
	onlink->n_parked--;
	if (p->mark != onlink->mark)
		onlink->n_marked--;
	return true;
}

bool onlink_has_request(const struct onlink *onlink, int64_t now_ns)
{
	return onlink->ask_head && onlink->entries[onlink->ask_head - 1].due_ns <= now_ns;
}

const struct ipaddr *onlink_next_request(struct onlink *onlink, int64_t now_ns)
{
	while (onlink->ask_head) {
		struct entry *e = &onlink->entries[onlink->ask_head - 1];
		if (e->due_ns > now_ns)
			return NULL;
		unlink_ask(onlink, e);
		if (e->n_asked == ONLINK_TRIES) {
			e->state = ONLINK_FAILED;
			release(onlink, e, &onlink->failed_head);
			continue;
		}
		e->n_asked++;
		push_ask(onlink, e, now_ns + RETRY_NS);
		return &e->addr;
	}
	return NULL;
}

size_t onlink_count_parked(const struct onlink *onlink)
{
	return onlink->n_parked;
}

void onlink_mark(struct onlink *onlink)
{
	onlink->mark++;
	onlink->n_marked = onlink->n_parked;
}

size_t onlink_count_marked(const struct onlink *onlink)
{
	return onlink->n_marked;
}
