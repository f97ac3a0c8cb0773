/* lookahead: a few packets between capture and engine, so that their look-ups wait for memory together and
 * not one after the other. Copies, because libpcap gives a block of its ring back at a moment of its own
 * choice. Receiver thread. Refuses nothing: what is too long to be kept goes through at once. */
#include "rx/lookahead.h"

#include <string.h>

void lookahead_flush(struct lookahead *l, struct engine *engine, arrival_cb cb, void *ctx)
{
	const struct segment *segments[LOOKAHEAD_PACKETS];
	size_t n_segments = 0;
	for (size_t i = 0; i < l->n; i++) {
		if (l->arrivals[i].packet.kind == PACKET_TCP)
			segments[n_segments++] = &l->arrivals[i].packet.segment;
	}
	engine_prefetch(engine, segments, n_segments);
	for (size_t i = 0; i < l->n; i++)
		cb(ctx, &l->arrivals[i]);
	l->n = 0;
}

void lookahead_add(struct lookahead *l, struct engine *engine, enum link_type link,
    const uint8_t *bytes, size_t len, int64_t now_ns, int64_t wall_ns, arrival_cb cb, void *ctx)
{
	if (len > LOOKAHEAD_ROOM) {
		struct arrival large = {.now_ns = now_ns, .wall_ns = wall_ns};
		lookahead_flush(l, engine, cb, ctx);
		wire_decode(link, bytes, len, &large.packet);
		cb(ctx, &large);
		return;
	}
	struct arrival *arrival = &l->arrivals[l->n];
	arrival->now_ns = now_ns;
	arrival->wall_ns = wall_ns;
	memcpy(l->frames[l->n], bytes, len);
	wire_decode(link, l->frames[l->n], len, &arrival->packet);
	if (++l->n == LOOKAHEAD_PACKETS)
		lookahead_flush(l, engine, cb, ctx);
}
