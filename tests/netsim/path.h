#ifndef NETSIM_PATH_H
#define NETSIM_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The way back to the scanner: loses, doubles and delays frames. Bounded: so many frames in flight. */
struct path;

/* Takes a frame off our hands; called within path_send() or path_tick(). */
typedef void path_emit_fn(void *ctx, const uint8_t *frame, size_t len);

struct path_counts {
	uint64_t n_lost;
	uint64_t n_duplicated;
	uint64_t n_delayed;
	uint64_t n_overflowed; /* delay buffer full: sent at once instead */
};

/* seed decides the losses, packet by packet. Returns 0 or -ENOMEM; the caller owns *out; ctx must
 * outlive it. */
int path_create(uint64_t seed, path_emit_fn *emit, void *ctx, struct path **out)
    __attribute__((warn_unused_result));
void path_destroy(struct path *path);

/* True when this packet, of either direction, is to be lost: ppm of all calls, drawn in order. */
bool path_draw_loss(struct path *path, uint32_t ppm);

/* Sends a frame (copied) with loss of loss_ppm, twice when is_doubled (each copy may be lost), after
 * delay_ns. */
void path_send(struct path *path, const uint8_t *frame, size_t len, uint32_t loss_ppm,
    bool is_doubled, int64_t now_ns, int64_t delay_ns);

/* Emits what is due. */
void path_tick(struct path *path, int64_t now_ns);
bool path_is_idle(const struct path *path);
const struct path_counts *path_get_counts(const struct path *path);

#endif
