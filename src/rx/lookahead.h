#ifndef RX_LOOKAHEAD_H
#define RX_LOOKAHEAD_H

#include "engine/engine.h"
#include "wire/decode.h"

/* Packets that have been read and not yet worked on: while they wait for each other, the memory that they
 * will be looked up in comes. They keep their order. One thread. */

enum {
	LOOKAHEAD_PACKETS = ENGINE_PREFETCH_MAX,
	LOOKAHEAD_ROOM = 1536, /* bytes of a frame; longer ones (joined by offloads) do not wait */
};

struct arrival {
	struct packet packet; /* borrows the frame */
	int64_t now_ns;       /* monotonic capture time */
	int64_t wall_ns;
};

struct lookahead {
	size_t n;
	struct arrival arrivals[LOOKAHEAD_PACKETS];
	uint8_t frames[LOOKAHEAD_PACKETS][LOOKAHEAD_ROOM];
};

/* What is done with each; ctx is the caller's. The arrival dies when it returns. */
typedef void (*arrival_cb)(void *ctx, const struct arrival *arrival);

/* Decodes a frame of len bytes, which is copied; hands over those that wait, and it, in their order, once there
 * are LOOKAHEAD_PACKETS of them, or when it is too long to be kept. */
void lookahead_add(struct lookahead *l, struct engine *engine, enum link_type link,
    const uint8_t *bytes, size_t len, int64_t now_ns, int64_t wall_ns, arrival_cb cb, void *ctx);

/* Hands over all that wait. Before anything else is told to the engine. */
void lookahead_flush(struct lookahead *l, struct engine *engine, arrival_cb cb, void *ctx);

#endif
