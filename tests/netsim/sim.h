#ifndef NETSIM_SIM_H
#define NETSIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/netsim/config.h"
#include "tests/netsim/frame.h"
#include "tests/netsim/path.h"

/* The Internet: frames and time in, frames out. No socket, no clock of its own, so that tests drive
 * it with neither. Everything is owned by the calling thread. */
struct sim;

struct sim_stats {
#define STAT(name) uint64_t name;
#include "tests/netsim/stats.def"
#undef STAT
};

/* cfg must be finished and outlive the sim. emit receives every frame for the wire. Returns 0 or
 * -ENOMEM; the caller owns *out. */
int sim_create(const struct sim_config *cfg, path_emit_fn *emit, void *ctx, struct sim **out)
    __attribute__((warn_unused_result));
void sim_destroy(struct sim *sim);

/* Frames from the wire, in their order; borrowed for the call. Several at once cost less than one by one. */
void sim_input(struct sim *sim, const struct frame_view *frames, unsigned n, int64_t now_ns);

/* Runs every timer that is due. Call at least once a millisecond while sim_is_idle() is false. */
void sim_tick(struct sim *sim, int64_t now_ns);
bool sim_is_idle(const struct sim *sim);

const struct sim_stats *sim_get_stats(const struct sim *sim);
/* One JSON object without a line end. */
void sim_print_stats(const struct sim *sim, FILE *out);

#endif
