/* goback: which positions of first attempts come again. Pure; the sender's thread owns it.
 *
 * Stretches are kept in order and apart by one number: what is before it has been asked for once and is not
 * taken up again, so that repetitions never outnumber the targets. */
#include "targets/goback.h"

#include <string.h>

static uint64_t slot_of(int64_t at_ns)
{
	return at_ns > 0 ? (uint64_t)(at_ns / GOBACK_SLOT_NS) : 0;
}

void goback_init(struct goback *g, uint64_t first_pos)
{
	*g = (struct goback){.first_pos = first_pos, .done = first_pos};
}

void goback_note(struct goback *g, int64_t now_ns, uint64_t pos)
{
	uint64_t slot = slot_of(now_ns);
	if (!g->has_slot) {
		for (uint64_t i = 0; i < GOBACK_SLOTS; i++)
			g->at[i] = g->first_pos;
		g->slot = slot;
		g->has_slot = true;
	}
	/* Slots without a call: nothing went out in them. */
	uint64_t n_new = slot > g->slot ? slot - g->slot : 0;
	for (uint64_t i = 0; i < n_new && i < GOBACK_SLOTS; i++)
		g->at[(slot - i) % GOBACK_SLOTS] = pos;
	g->slot += n_new;
}

/* Where first attempts stood when a slot began. */
static uint64_t position_at(const struct goback *g, uint64_t slot, uint64_t pos_now)
{
	if (!g->has_slot)
		return g->first_pos;
	if (slot > g->slot)
		return pos_now;
	uint64_t oldest = g->slot < GOBACK_SLOTS - 1 ? 0 : g->slot - (GOBACK_SLOTS - 1);
	return g->at[(slot < oldest ? oldest : slot) % GOBACK_SLOTS];
}

void goback_hold(struct goback *g, int64_t from_ns, uint64_t pos_now)
{
	uint64_t slot = slot_of(from_ns);
	uint64_t pos = position_at(g, slot, pos_now);
	pos = pos > g->done ? pos : g->done;
	if (g->is_held && g->held.pos <= pos)
		return;
	g->is_held = true;
	g->held = (struct goback_span){.pos = pos, .since_ns = (int64_t)slot * GOBACK_SLOT_NS};
}

void goback_add(struct goback *g, int64_t from_ns, int64_t to_ns, uint64_t pos_now)
{
	g->is_held = false;
	if (to_ns <= from_ns)
		return;
	struct goback_span span = {.pos = position_at(g, slot_of(from_ns), pos_now),
	    .end = position_at(g, slot_of(to_ns) + 1, pos_now),
	    .since_ns = (int64_t)slot_of(from_ns) * GOBACK_SLOT_NS};
	span.pos = span.pos > g->done ? span.pos : g->done;
	if (span.pos >= span.end)
		return;
	g->done = span.end;
	if (g->n_spans == GOBACK_SPANS)
		g->spans[GOBACK_SPANS - 1].end = span.end;
	else
		g->spans[g->n_spans++] = span;
}

struct goback_span *goback_get(struct goback *g)
{
	return g->n_spans > 0 ? &g->spans[0] : NULL;
}

void goback_advance(struct goback *g)
{
	if (g->n_spans > 0)
		memmove(g->spans, g->spans + 1, --g->n_spans * sizeof(g->spans[0]));
}

bool goback_get_earliest(const struct goback *g, struct goback_span *out)
{
	if (g->n_spans > 0)
		*out = g->spans[0];
	else if (g->is_held)
		*out = g->held;
	return g->n_spans > 0 || g->is_held;
}
