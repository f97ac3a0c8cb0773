/* onlink: neighbours of ours that are targets. Sender thread; sized once; no I/O.
 *
 * That later attempts trail a SYN that waited: SYN n of a target is given out at t(n), at least the delay after
 * t(n - 1), and sent w(n) after that. It trails by the delay as far as w(n) >= w(n - 1). So it is held back
 * until t(n) + the longest wait of its host so far, or until the start of its host + n delays, whichever is
 * sooner; the start is such that each SYN n that waited was sent by then. The start moves as they are sent, so
 * what is ready is looked at once more when it is taken, the lowest number first.
 * Sources: RFC 826; RFC 4861 section 7.2.2 and section 10 (three requests, one second apart). */
#include "tx/onlink.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/wheel.h"

#define RETRY_NS (1 * NS_PER_SEC)
enum { NIL = 0, BUCKETS = ONLINK_MAX_ADDRS, NUMBERS = 16 };

/* Parked SYNs, first in, first out. Indices are stored + 1 everywhere; 0 is nil. */
struct list {
	uint32_t head, tail;
};

struct entry {
	struct ipaddr addr;
	uint8_t mac[6];
	uint8_t state;
	uint8_t n_asked;
	uint32_t hash_next;
	uint32_t bucket;
	/* In the queue of addresses to ask, by due time: exactly the pending ones are in it. */
	uint32_t queue_prev, queue_next;
	struct list parked; /* SYNs that wait for the answer; of pending ones only */
	int64_t due_ns;
	/* Of what has waited here and was sent, 0: nothing: max(when it was sent - number * delay), and the
	 * longest wait. */
	int64_t start_ns, wait_ns;
};

struct parked {
	struct wheel_entry timer; /* armed while a later attempt is held back */
	struct target target;
	int64_t since_ns; /* given out then */
	uint16_t n;
	uint32_t next;
	uint32_t mark; /* onlink.mark when it was parked */
};

struct onlink {
	struct hash_key key;
	int64_t delay_ns;
	struct wheel wheel;
	size_t n_entries;
	size_t victim; /* where the search for a slot to reuse goes on */
	uint32_t ask_head, ask_tail;
	uint32_t free_parked;
	struct list ready[NUMBERS]; /* parked SYNs of resolved addresses, by number */
	struct list failed;
	size_t n_parked;
	uint32_t mark;   /* how many there have been */
	size_t n_marked; /* parked before the last one */
	uint32_t buckets[BUCKETS];
	struct entry entries[ONLINK_MAX_ADDRS];
	struct parked parked[ONLINK_MAX_PARKED];
};

int onlink_create(const struct hash_key *key, int64_t delay_ns, struct onlink **out)
{
	struct onlink *onlink = calloc(1, sizeof(*onlink)); /* mapped; touched as used */
	if (!onlink)
		return -ENOMEM;
	onlink->key = *key;
	onlink->delay_ns = delay_ns;
	wheel_init(&onlink->wheel, 0);
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
		if (e->state != ONLINK_PENDING) {
			unlink_bucket(onlink, e);
			return e;
		}
	}
	return NULL;
}

/* Puts e between two neighbours in the queue, to be asked for at due_ns. */
static void link_ask(
    struct onlink *onlink, struct entry *e, uint32_t prev, uint32_t next, int64_t due_ns)
{
	uint32_t id = (uint32_t)(e - onlink->entries) + 1;
	e->due_ns = due_ns;
	e->queue_prev = prev;
	e->queue_next = next;
	*(prev ? &onlink->entries[prev - 1].queue_next : &onlink->ask_head) = id;
	*(next ? &onlink->entries[next - 1].queue_prev : &onlink->ask_tail) = id;
}

static void unlink_ask(struct onlink *onlink, struct entry *e)
{
	uint32_t prev = e->queue_prev, next = e->queue_next;
	*(prev ? &onlink->entries[prev - 1].queue_next : &onlink->ask_head) = next;
	*(next ? &onlink->entries[next - 1].queue_prev : &onlink->ask_tail) = prev;
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

/* A pending record for addr, as add(). */
static struct entry *ask(
    struct onlink *onlink, const struct ipaddr *addr, uint32_t bucket, int64_t now_ns)
{
	struct entry *e = add(onlink, addr, bucket);
	if (!e)
		return NULL;
	e->state = ONLINK_PENDING;
	/* Due at once: in front of what waits for its second try would be fairer, but the queue is
	 * sorted by time only because everything waits equally long; new ones wait a tick at most. */
	link_ask(onlink, e, NIL, onlink->ask_head, now_ns);
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
	return ask(onlink, addr, bucket, now_ns) ? ONLINK_PENDING : ONLINK_FAILED;
}

size_t onlink_count_room(const struct onlink *onlink)
{
	return ONLINK_MAX_PARKED - onlink->n_parked;
}

/* Puts a SYN into a record; 0: no room. */
static uint32_t keep(struct onlink *onlink, const struct target *target, uint16_t n, int64_t now_ns)
{
	if (onlink_count_room(onlink) == 0)
		return NIL;
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
	p->since_ns = now_ns;
	p->mark = onlink->mark;
	return id;
}

static void append(struct onlink *onlink, struct list *list, uint32_t id)
{
	onlink->parked[id - 1].next = NIL;
	if (list->tail)
		onlink->parked[list->tail - 1].next = id;
	else
		list->head = id;
	list->tail = id;
}

static uint32_t take_first(struct onlink *onlink, struct list *list)
{
	uint32_t id = list->head;
	if (id)
		list->head = onlink->parked[id - 1].next;
	if (!list->head)
		list->tail = NIL;
	return id;
}

static void append_ready(struct onlink *onlink, uint32_t id)
{
	uint16_t n = onlink->parked[id - 1].n;
	append(onlink, &onlink->ready[n < NUMBERS ? n : NUMBERS - 1], id);
}

bool onlink_park(struct onlink *onlink, const struct target *target, uint16_t n, int64_t now_ns)
{
	uint32_t bucket;
	struct entry *e = find(onlink, &target->addr, &bucket);
	uint32_t id = e && e->state == ONLINK_PENDING ? keep(onlink, target, n, now_ns) : NIL;
	if (id)
		append(onlink, &e->parked, id);
	return id != NIL;
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
	for (uint32_t id; (id = take_first(onlink, &e->parked)) != NIL;)
		append_ready(onlink, id);
}

/* When SYN n of a host may go that was given out at since_ns; see above. */
static int64_t get_due_ns(
    const struct onlink *onlink, const struct entry *e, uint16_t n, int64_t since_ns)
{
	int64_t by_start = e->start_ns + n * onlink->delay_ns;
	int64_t by_wait = since_ns + e->wait_ns;
	return by_start < by_wait ? by_start : by_wait;
}

static void note_sent(
    const struct onlink *onlink, struct entry *e, const struct parked *p, int64_t now_ns)
{
	int64_t start_ns = now_ns - p->n * onlink->delay_ns, wait_ns = now_ns - p->since_ns;
	if (start_ns > e->start_ns)
		e->start_ns = start_ns;
	if (wait_ns > e->wait_ns)
		e->wait_ns = wait_ns;
}

bool onlink_hold_back(
    struct onlink *onlink, const struct target *target, uint16_t n, int64_t now_ns)
{
	uint32_t bucket;
	const struct entry *e = n > 0 ? find(onlink, &target->addr, &bucket) : NULL;
	int64_t due_ns = e ? get_due_ns(onlink, e, n, now_ns) : 0;
	uint32_t id = due_ns > now_ns ? keep(onlink, target, n, now_ns) : NIL;
	if (id)
		wheel_arm(&onlink->wheel, &onlink->parked[id - 1].timer, due_ns);
	return id != NIL;
}

/* Takes a ready SYN; its address may have been forgotten since, or others of the host may have gone later than
 * thought. True: it goes now, or is given up (*is_failed). False: it waits on. */
static bool may_go(struct onlink *onlink, uint32_t id, int64_t now_ns, bool *is_failed)
{
	struct parked *p = &onlink->parked[id - 1];
	uint32_t bucket;
	struct entry *e = find(onlink, &p->target.addr, &bucket);
	if (!e)
		e = ask(onlink, &p->target.addr, bucket, now_ns);
	*is_failed = !e || e->state == ONLINK_FAILED;
	if (*is_failed)
		return true;
	if (e->state == ONLINK_PENDING) {
		append(onlink, &e->parked, id);
		return false;
	}
	int64_t due_ns = get_due_ns(onlink, e, p->n, p->since_ns);
	if (due_ns > now_ns) {
		wheel_arm(&onlink->wheel, &p->timer, due_ns);
		return false;
	}
	note_sent(onlink, e, p, now_ns);
	return true;
}

static void release_due(struct onlink *onlink, int64_t now_ns)
{
	struct wheel_entry *entry;
	_Static_assert(offsetof(struct parked, timer) == 0, "an entry is its SYN");
	while ((entry = wheel_expire(&onlink->wheel, now_ns)) != NULL) {
		const struct parked *p = (const struct parked *)(const void *)entry;
		append_ready(onlink, (uint32_t)(p - onlink->parked) + 1);
	}
}

bool onlink_take(
    struct onlink *onlink, int64_t now_ns, struct target *target, uint16_t *n, bool *is_failed)
{
	uint32_t id = NIL;
	release_due(onlink, now_ns);
	*is_failed = false;
	for (int k = 0; k < NUMBERS && !id; k++) {
		do {
			id = take_first(onlink, &onlink->ready[k]);
		} while (id && !may_go(onlink, id, now_ns, is_failed));
	}
	if (!id) {
		id = take_first(onlink, &onlink->failed);
		*is_failed = true;
	}
	if (!id)
		return false;
	struct parked *p = &onlink->parked[id - 1];
	*target = p->target;
	*n = p->n;
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
			for (uint32_t id; (id = take_first(onlink, &e->parked)) != NIL;)
				append(onlink, &onlink->failed, id);
			continue;
		}
		e->n_asked++;
		link_ask(onlink, e, onlink->ask_tail, NIL, now_ns + RETRY_NS);
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
