/* fragments: datagrams in pieces. Receiver thread; sized once, touched as used. Refuses to guess: where
 * two pieces disagree, the datagram is given up.
 * Sources: RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722 (overlaps), RFC 8900 section 3.7 (IPv4
 * overlaps are as dangerous; so what RFC 791 lets win is not taken). */
#include "engine/fragments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define FRAGMENT_LIFE_NS                                                                           \
	(5 * NS_PER_SEC) /* the patience of a session; RFC 791 says 15 s at least */

enum { UNIT = 8, N_UNITS = FRAGMENT_WHOLE_MAX / UNIT };

struct slot {
	int64_t since_ns;
	struct ipaddr src, dst;
	uint32_t id;
	uint8_t proto;
	uint8_t ttl; /* of the first piece */
	bool is_used;
	bool is_given_up; /* what else comes of it is refused */
	bool has_end;     /* the last piece came: len is known */
	uint16_t len;
	uint16_t n_units; /* that are there */
	uint8_t is_there[N_UNITS / 8];
	uint8_t is_start[N_UNITS / 8]; /* where pieces began */
	uint8_t bytes[FRAGMENT_WHOLE_MAX];
};

struct fragments {
	struct slot slots[FRAGMENTS_SLOTS];
};

int fragments_create(struct fragments **out)
{
	*out = calloc(1, sizeof(**out)); /* mapped, not touched */
	return *out ? 0 : -ENOMEM;
}

void fragments_destroy(struct fragments *fragments)
{
	free(fragments);
}

static bool has_bit(const uint8_t *bits, unsigned i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

static void set_bit(uint8_t *bits, unsigned i)
{
	bits[i / 8] = (uint8_t)(bits[i / 8] | 1u << (i % 8));
}

static bool is_same(const struct slot *slot, const struct fragment *p)
{
	/* IPv6 identifies by addresses and number alone, IPv4 by the protocol too. */
	return slot->is_used && slot->id == p->id && ipaddr_equal(&slot->src, &p->src) &&
	       ipaddr_equal(&slot->dst, &p->dst) &&
	       (!ipaddr_is_v4(&p->src) || slot->proto == p->proto);
}

bool fragments_has(const struct fragments *f, const struct fragment *piece)
{
	for (unsigned i = 0; i < FRAGMENTS_SLOTS; i++)
		if (is_same(&f->slots[i], piece))
			return true;
	return false;
}

/* The slot of the datagram, or one for it: a free one, else the oldest of the host when it has its
 * share, else the oldest of all. */
static struct slot *find_slot(struct fragments *f, const struct fragment *p, int64_t now_ns)
{
	struct slot *unused = NULL, *oldest = NULL, *own = NULL;
	unsigned n_own = 0;
	for (unsigned i = 0; i < FRAGMENTS_SLOTS; i++) {
		struct slot *slot = &f->slots[i];
		if (slot->is_used && now_ns - slot->since_ns >= FRAGMENT_LIFE_NS)
			slot->is_used = false;
		if (!slot->is_used) {
			unused = slot;
			continue;
		}
		if (is_same(slot, p))
			return slot;
		if (!oldest || slot->since_ns < oldest->since_ns)
			oldest = slot;
		if (!ipaddr_equal(&slot->src, &p->src))
			continue;
		n_own++;
		if (!own || slot->since_ns < own->since_ns)
			own = slot;
	}
	struct slot *slot = n_own >= FRAGMENTS_PER_HOST ? own : unused ? unused : oldest;
	memset(slot, 0, offsetof(struct slot, bytes));
	slot->is_used = true;
	slot->since_ns = now_ns;
	slot->src = p->src;
	slot->dst = p->dst;
	slot->id = p->id;
	slot->proto = p->proto;
	return slot;
}

/* Does the end that this piece shows agree with what is known? */
static bool is_end_right(const struct slot *slot, const struct fragment *p)
{
	unsigned end = (unsigned)p->off + p->len;
	if (slot->has_end)
		return p->is_last ? end == slot->len : end < slot->len;
	if (!p->is_last)
		return true;
	/* Nothing may have come that lies beyond. */
	for (unsigned u = (end + UNIT - 1) / UNIT; u < N_UNITS; u++)
		if (has_bit(slot->is_there, u))
			return false;
	return true;
}

enum overlap { OVERLAP_NONE, OVERLAP_REPEATED, OVERLAP_AGREEING, OVERLAP_CONFLICTING };

static enum overlap compare(const struct slot *slot, const struct fragment *p)
{
	unsigned lo = p->off / UNIT, hi = ((unsigned)p->off + p->len + UNIT - 1) / UNIT;
	bool is_one_piece = has_bit(slot->is_there, lo) && has_bit(slot->is_start, lo);
	bool has_overlap = false;
	for (unsigned u = lo; u < hi; u++) {
		is_one_piece &=
		    has_bit(slot->is_there, u) && (u == lo || !has_bit(slot->is_start, u));
		if (!has_bit(slot->is_there, u))
			continue;
		has_overlap = true;
		unsigned from = u * UNIT, left = (unsigned)p->off + p->len - from;
		size_t n = left < UNIT ? left : UNIT;
		if (memcmp(slot->bytes + from, p->bytes + (from - p->off), n) != 0)
			return OVERLAP_CONFLICTING;
	}
	if (!has_overlap)
		return OVERLAP_NONE;
	is_one_piece &=
	    hi == N_UNITS || !has_bit(slot->is_there, hi) || has_bit(slot->is_start, hi);
	return is_one_piece ? OVERLAP_REPEATED : OVERLAP_AGREEING;
}

static void take(struct slot *slot, const struct fragment *p)
{
	unsigned lo = p->off / UNIT, hi = ((unsigned)p->off + p->len + UNIT - 1) / UNIT;
	memcpy(slot->bytes + p->off, p->bytes, p->len);
	set_bit(slot->is_start, lo);
	for (unsigned u = lo; u < hi; u++) {
		if (!has_bit(slot->is_there, u))
			slot->n_units++;
		set_bit(slot->is_there, u);
	}
	if (p->off == 0) {
		/* RFC 8200 section 4.5: what the first piece says of the next header counts. */
		slot->proto = p->proto;
		slot->ttl = p->ttl;
	}
	if (p->is_last) {
		slot->has_end = true;
		slot->len = (uint16_t)(p->off + p->len);
	}
}

static bool is_acceptable(const struct slot *slot, const struct fragment *p)
{
	if (slot->is_given_up || (size_t)p->off + p->len > FRAGMENT_WHOLE_MAX ||
	    !is_end_right(slot, p))
		return false;
	switch (compare(slot, p)) {
	case OVERLAP_NONE:
	case OVERLAP_REPEATED:
		return true;
	case OVERLAP_AGREEING:
		return ipaddr_is_v4(&p->src);
	case OVERLAP_CONFLICTING:
		break;
	}
	return false;
}

enum fragment_fate fragments_add(
    struct fragments *f, const struct fragment *p, int64_t now_ns, struct fragment *whole)
{
	struct slot *slot = find_slot(f, p, now_ns);
	if (!is_acceptable(slot, p)) {
		slot->is_given_up = true;
		return FRAGMENT_REFUSED;
	}
	take(slot, p);
	if (!slot->has_end || slot->n_units != (slot->len + UNIT - 1u) / UNIT)
		return FRAGMENT_KEPT;
	slot->is_used = false;
	*whole = (struct fragment){
	    .src = slot->src,
	    .dst = slot->dst,
	    .id = slot->id,
	    .proto = slot->proto,
	    .ttl = slot->ttl,
	    .is_last = true,
	    .len = slot->len,
	    .bytes = slot->bytes,
	};
	return FRAGMENT_WHOLE;
}
