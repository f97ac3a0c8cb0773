/* ordered: numbers items in the order given. Main thread, pure memory. The edges of all items cut the
 * addresses into elementary ranges; items then paint theirs in order, and each elementary range
 * remembers (as a state number) which port lists have painted it, so that a later item gets only the
 * ports that are new there. */
#include "targets/ordered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LISTS = 65535, MAX_STATES = 4096 };

static int no_memory(struct diag *diag)
{
	return diag_set(diag, -ENOMEM, "no memory for this many targets");
}

static int push_list(struct port_set ***lists, size_t *n, size_t *cap, struct port_set *set)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 8;
		struct port_set **p = realloc(*lists, more * sizeof(**lists));
		if (!p)
			return -ENOMEM;
		*lists = p;
		*cap = more;
	}
	(*lists)[(*n)++] = set;
	return 0;
}

int ordered_init(struct ordered *o, struct port_set *ports)
{
	memset(o, 0, sizeof(*o));
	o->has_default = ports != NULL;
	if (ports && push_list(&o->lists, &o->n_lists, &o->lists_cap, ports)) {
		port_set_destroy(ports);
		return -ENOMEM;
	}
	return 0;
}

void ordered_fini(struct ordered *o)
{
	for (size_t i = 0; i < o->n_lists; i++)
		port_set_destroy(o->lists[i]);
	free(o->lists);
	free(o->items);
	memset(o, 0, sizeof(*o));
}

static bool is_same_list(const struct port_set *a, const struct port_set *b)
{
	return a->n == b->n && memcmp(a->list, b->list, a->n * sizeof(*a->list)) == 0;
}

/* The number of the item's port list. */
static int list_of(struct ordered *o, const struct item *item, struct diag *diag, uint16_t *out)
{
	*out = 0;
	if (!item->ports && !item->port)
		return o->has_default ? 0
				      : diag_set(diag, -EINVAL,
					    "no port is named: write ADDRESS:PORT or give -p");
	struct port_set *set;
	int err;
	if (item->ports) {
		err = port_set_parse(item->ports, item->ports_len, diag, &set);
	} else {
		char text[6] = "";
		size_t len = 0;
		for (uint32_t unit = 10000; unit > 0; unit /= 10)
			text[len++] = (char)('0' + item->port / unit % 10);
		err = port_set_parse(text, len, diag, &set);
	}
	if (err)
		return err;
	for (size_t i = 0; i < o->n_lists; i++) {
		if (is_same_list(o->lists[i], set)) {
			port_set_destroy(set);
			*out = (uint16_t)i;
			return 0;
		}
	}
	if (o->n_lists == MAX_LISTS)
		err = diag_set(diag, -E2BIG, "more than %d different port lists", MAX_LISTS);
	else if (push_list(&o->lists, &o->n_lists, &o->lists_cap, set))
		err = no_memory(diag);
	if (err)
		port_set_destroy(set);
	*out = (uint16_t)(o->n_lists - 1);
	return err;
}

static int push_item(struct ordered *o, struct range range, uint16_t list)
{
	if (o->n == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 64;
		struct space_seg *items = realloc(o->items, cap * sizeof(*items));
		if (!items)
			return -ENOMEM;
		o->items = items;
		o->cap = cap;
	}
	o->items[o->n++] = (struct space_seg){range, list};
	return 0;
}

int ordered_add(struct ordered *o, const struct item *item, struct diag *diag)
{
	uint16_t list;
	int err = list_of(o, item, diag, &list);
	if (err)
		return err;
	/* prefix_set_add() leaves out the IPv4-mapped hole of wide IPv6 ranges: use its answer. */
	struct prefix_set pieces;
	prefix_set_init(&pieces);
	err = prefix_set_add(&pieces, item->range);
	for (size_t i = 0; i < prefix_set_n(&pieces) && !err; i++)
		err = push_item(o, prefix_set_get(&pieces, i), list);
	prefix_set_fini(&pieces);
	return err ? no_memory(diag) : 0;
}

/* ---- Painting ----------------------------------------------------------------------------------- */

/* Painting state "from" with list gives state "to", and the ports new there as list "fresh" (NONE: no
 * port is new). States: 0 is unpainted. */
struct transition {
	uint32_t from;
	uint16_t list;
	uint32_t to;
	uint32_t fresh;
};

enum { NONE = UINT32_MAX };

struct painter {
	const struct ordered *o;
	const struct prefix_set *excluded;
	struct u128 *cuts; /* beginnings of the elementary ranges, ascending */
	uint32_t *state;   /* of each elementary range */
	size_t n_cuts;
	struct port_set **state_ports; /* what is painted in each state; [0] NULL; owned */
	size_t n_states, states_cap;
	struct transition *transitions;
	size_t n_transitions, transitions_cap;
	struct port_set **lists; /* those of o, borrowed, then the fresh ones, owned */
	size_t n_lists, lists_cap;
	struct space_seg *segs;
	size_t n_segs, segs_cap;
};

static int compare_u128(const void *a, const void *b)
{
	const struct u128 *x = a, *y = b;
	return u128_lt(*x, *y) ? -1 : u128_lt(*y, *x);
}

/* All beginnings, and what follows each end. The end 2^128 - 1 wraps to a cut at 0, which cuts nothing
 * wrongly. */
static int make_cuts(struct painter *pt)
{
	const struct ordered *o = pt->o;
	pt->cuts = malloc((2 * o->n + 1) * sizeof(*pt->cuts));
	pt->state = calloc(2 * o->n + 1, sizeof(*pt->state));
	if (!pt->cuts || !pt->state)
		return -ENOMEM;
	size_t n = 0;
	for (size_t i = 0; i < o->n; i++) {
		pt->cuts[n++] = o->items[i].range.lo;
		pt->cuts[n++] = u128_add_u64(o->items[i].range.hi, 1);
	}
	if (n > 0)
		qsort(pt->cuts, n, sizeof(*pt->cuts), compare_u128);
	for (size_t i = 0; i < n; i++)
		if (pt->n_cuts == 0 || !u128_eq(pt->cuts[pt->n_cuts - 1], pt->cuts[i]))
			pt->cuts[pt->n_cuts++] = pt->cuts[i];
	return 0;
}

/* list without painted (may be NULL), in the order of list. */
static int minus(const struct port_set *list, const struct port_set *painted, struct port_set **out)
{
	struct port_set *set = calloc(1, sizeof(*set));
	if (set)
		set->list = malloc((list->n + 1) * sizeof(*set->list));
	if (!set || !set->list) {
		free(set);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < list->n; i++) {
		uint16_t port = list->list[i];
		if (painted && port_set_has(painted, port))
			continue;
		set->list[set->n++] = port;
		set->has[port >> 3] = (uint8_t)(set->has[port >> 3] | 1u << (port & 7));
	}
	*out = set;
	return 0;
}

static int make_transition(struct painter *pt, struct transition *t)
{
	struct port_set *painted = pt->state_ports[t->from], *list = pt->lists[t->list], *fresh;
	int err = minus(list, painted, &fresh);
	if (err)
		return err;
	if (fresh->n == 0 || fresh->n == list->n) {
		t->fresh = fresh->n == 0 ? NONE : t->list;
		port_set_destroy(fresh);
	} else {
		t->fresh = (uint32_t)pt->n_lists;
		if (pt->n_lists == MAX_LISTS)
			err = -E2BIG;
		if (err || push_list(&pt->lists, &pt->n_lists, &pt->lists_cap, fresh)) {
			port_set_destroy(fresh);
			return err ? err : -ENOMEM;
		}
	}
	t->to = t->from;
	if (t->fresh == NONE)
		return 0;
	if (pt->n_states == MAX_STATES)
		return -E2BIG;
	const struct port_set *both[] = {list, painted};
	struct port_set *sum;
	t->to = (uint32_t)pt->n_states;
	if (port_set_union(both, painted ? 2 : 1, &sum))
		return -ENOMEM;
	if (push_list(&pt->state_ports, &pt->n_states, &pt->states_cap, sum)) {
		port_set_destroy(sum);
		return -ENOMEM;
	}
	return 0;
}

static int find_transition(struct painter *pt, uint32_t from, uint16_t list, struct transition *out)
{
	for (size_t i = 0; i < pt->n_transitions; i++) {
		*out = pt->transitions[i];
		if (out->from == from && out->list == list)
			return 0;
	}
	*out = (struct transition){.from = from, .list = list};
	int err = make_transition(pt, out);
	if (!err && pt->n_transitions == pt->transitions_cap) {
		size_t cap = pt->transitions_cap ? pt->transitions_cap * 2 : 16;
		struct transition *t = realloc(pt->transitions, cap * sizeof(*t));
		if (!t)
			return -ENOMEM;
		pt->transitions = t;
		pt->transitions_cap = cap;
	}
	if (!err)
		pt->transitions[pt->n_transitions++] = *out;
	return err;
}

static int push_seg(struct painter *pt, struct range range, uint16_t list)
{
	if (pt->n_segs == pt->segs_cap) {
		size_t cap = pt->segs_cap ? pt->segs_cap * 2 : 64;
		struct space_seg *segs = realloc(pt->segs, cap * sizeof(*segs));
		if (!segs)
			return -ENOMEM;
		pt->segs = segs;
		pt->segs_cap = cap;
	}
	pt->segs[pt->n_segs++] = (struct space_seg){range, list};
	return 0;
}

/* Emits range without its excluded parts. */
static int push_allowed(struct painter *pt, struct range r, uint16_t list)
{
	bool is_v4 = u128_is_v4(r.lo);
	size_t end = is_v4 ? pt->excluded->v4.n : prefix_set_n(pt->excluded);
	int err = 0;
	for (size_t i = prefix_set_find(pt->excluded, r.lo); i < end && !err; i++) {
		struct range hole = prefix_set_get(pt->excluded, i);
		if (u128_lt(r.hi, hole.lo))
			break;
		if (u128_lt(r.lo, hole.lo))
			err = push_seg(pt, (struct range){r.lo, u128_sub_u64(hole.lo, 1)}, list);
		if (u128_le(r.hi, hole.hi))
			return err;
		r.lo = u128_add_u64(hole.hi, 1);
	}
	return err ? err : push_seg(pt, r, list);
}

static int paint(struct painter *pt, const struct space_seg *item)
{
	size_t lo = 0, hi = pt->n_cuts;
	while (lo < hi) { /* the cut at the item's beginning */
		size_t mid = lo + (hi - lo) / 2;
		if (u128_lt(pt->cuts[mid], item->range.lo))
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo; i < pt->n_cuts && u128_le(pt->cuts[i], item->range.hi); i++) {
		struct transition t;
		int err = find_transition(pt, pt->state[i], item->ports, &t);
		if (err)
			return err;
		pt->state[i] = t.to;
		if (t.fresh == NONE)
			continue;
		bool is_last = i + 1 == pt->n_cuts || u128_lt(item->range.hi, pt->cuts[i + 1]);
		struct u128 end = is_last ? item->range.hi : u128_sub_u64(pt->cuts[i + 1], 1);
		err = push_allowed(pt, (struct range){pt->cuts[i], end}, (uint16_t)t.fresh);
		if (err)
			return err;
	}
	return 0;
}

int ordered_finish(const struct ordered *o, const struct prefix_set *excluded, struct space *space,
    struct diag *diag)
{
	struct painter pt = {.o = o, .excluded = excluded};
	int err = make_cuts(&pt);
	if (!err)
		err = push_list(&pt.state_ports, &pt.n_states, &pt.states_cap, NULL);
	for (size_t i = 0; i < o->n_lists && !err; i++)
		err = push_list(&pt.lists, &pt.n_lists, &pt.lists_cap, o->lists[i]);
	for (size_t i = 0; i < o->n && !err; i++)
		err = paint(&pt, &o->items[i]);
	if (err == -E2BIG)
		diag_set(
		    diag, err, "too many port lists overlap: give the targets in several runs");
	if (!err)
		err = space_init_ordered(space, pt.segs, pt.n_segs, pt.lists, pt.n_lists);
	if (err == -ENOMEM)
		no_memory(diag);
	for (size_t i = 0; i < pt.n_states; i++)
		port_set_destroy(pt.state_ports[i]);
	for (size_t i = o->n_lists; i < pt.n_lists; i++)
		port_set_destroy(pt.lists[i]);
	free(pt.state_ports);
	free(pt.lists);
	free(pt.transitions);
	free(pt.cuts);
	free(pt.state);
	free(pt.segs);
	return err;
}
