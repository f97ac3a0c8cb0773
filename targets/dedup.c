/* dedup: what a stream has already named. Pure memory; one owner. When memory is out it forgets, and a
 * target may come twice: better than a scan that stops. */
#include "targets/dedup.h"

#include <string.h>

void dedup_init(struct dedup *d, const struct port_set *ports)
{
	memset(d, 0, sizeof(*d));
	d->ports = ports;
	window_init(&d->window, DEDUP_WINDOW);
	prefix_set_init(&d->ranges);
}

void dedup_fini(struct dedup *d)
{
	window_fini(&d->window);
	prefix_set_fini(&d->ranges);
	for (size_t i = 0; i < d->n_listed; i++)
		port_set_destroy(d->listed[i].ports);
	d->n_listed = 0;
}

static bool range_has(const struct range *range, struct u128 addr)
{
	return u128_le(range->lo, addr) && u128_le(addr, range->hi);
}

/* Is the address inside a range that was crossed with the default ports? */
static bool is_in_ranges(const struct dedup *d, struct u128 addr)
{
	for (size_t i = 0; i < d->n_tail; i++)
		if (range_has(&d->tail[i], addr))
			return true;
	return prefix_set_n(&d->ranges) > 0 && prefix_set_contains(&d->ranges, addr);
}

static bool is_in_listed(const struct dedup *d, struct u128 addr, uint16_t port)
{
	for (size_t i = 0; i < d->n_listed; i++)
		if (range_has(&d->listed[i].range, addr) && port_set_has(d->listed[i].ports, port))
			return true;
	return false;
}

/* key: that of the pair. */
static bool has_own_port(const struct dedup *d, const struct target *target, uint64_t key)
{
	if (d->has_pairs && window_has(&d->window, key))
		return true;
	return d->n_listed > 0 && is_in_listed(d, u128_from_addr(&target->addr), target->port);
}

bool dedup_has_own_port(const struct dedup *d, const struct target *target)
{
	return has_own_port(d, target, window_key(&target->addr, target->port));
}

static bool has_pair(const struct dedup *d, const struct target *target, uint64_t key)
{
	if (has_own_port(d, target, key))
		return true;
	if (!d->ports || !port_set_has(d->ports, target->port))
		return false;
	if (d->has_bare && window_has(&d->window, window_key(&target->addr, 0)))
		return true;
	return is_in_ranges(d, u128_from_addr(&target->addr));
}

bool dedup_has(const struct dedup *d, const struct target *target)
{
	return has_pair(d, target, window_key(&target->addr, target->port));
}

bool dedup_test_and_add_bare(struct dedup *d, const struct ipaddr *addr)
{
	uint64_t key = window_key(addr, 0);
	if ((d->has_bare && window_has(&d->window, key)) || is_in_ranges(d, u128_from_addr(addr)))
		return true;
	window_add(&d->window, key);
	d->has_bare = true;
	return false;
}

bool dedup_test_and_add_pair(struct dedup *d, const struct target *target)
{
	uint64_t key = window_key(&target->addr, target->port);
	bool has_only_pairs = !d->has_bare && d->n_tail == 0 && d->n_listed == 0;
	if (!has_only_pairs && has_pair(d, target, key))
		return true;
	d->has_pairs = true;
	return window_test_and_add(&d->window, key);
}

static bool do_overlap(const struct range *a, const struct range *b)
{
	return u128_le(a->lo, b->hi) && u128_le(b->lo, a->hi);
}

bool dedup_may_overlap(const struct dedup *d, const struct range *range)
{
	if (d->has_bare || d->has_pairs)
		return true;
	for (size_t i = 0; i < d->n_tail; i++)
		if (do_overlap(&d->tail[i], range))
			return true;
	for (size_t i = 0; i < d->n_listed; i++)
		if (do_overlap(&d->listed[i].range, range))
			return true;
	/* A range over both families is rare: say yes. */
	if (u128_is_v4(range->lo) != u128_is_v4(range->hi))
		return prefix_set_n(&d->ranges) > 0;
	size_t i = prefix_set_find(&d->ranges, range->lo);
	size_t end = u128_is_v4(range->lo) ? d->ranges.v4.n : prefix_set_n(&d->ranges);
	if (i >= end)
		return false;
	struct range next = prefix_set_get(&d->ranges, i);
	return do_overlap(&next, range);
}

void dedup_add_range(struct dedup *d, const struct range *range, const struct port_set *ports)
{
	if (ports) {
		struct port_set *copy;
		if (d->n_listed == DEDUP_MAX_LISTED || port_set_union(&ports, 1, &copy))
			return;
		d->listed[d->n_listed++] = (struct dedup_listed){*range, copy};
		return;
	}
	if (d->n_tail < DEDUP_TAIL) {
		d->tail[d->n_tail++] = *range;
		return;
	}
	for (size_t i = 0; i < d->n_tail && prefix_set_n(&d->ranges) < DEDUP_MAX_RANGES; i++)
		if (prefix_set_add(&d->ranges, d->tail[i]))
			break;
	prefix_set_normalize(&d->ranges);
	d->tail[0] = *range;
	d->n_tail = 1;
}
