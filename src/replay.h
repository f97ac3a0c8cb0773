#ifndef SRC_REPLAY_H
#define SRC_REPLAY_H

#include "base/diag.h"
#include "config.h"
#include "engine/engine.h"
#include "out/writer.h"

/* Runs a capture file through the same engine that scans: whoever sent the SYNs in it is taken as the
 * scanner. Two passes: the first learns the flows, the second feeds what came back. */

struct replay_summary {
	uint64_t n_packets;
	uint64_t n_flows; /* connections whose SYN is in the capture */
	uint64_t n_records;
	uint64_t n_unusable; /* packets that could not be decoded, fragments, wrong checksums */
};

/* Replays path; each record is given to writer (borrowed, begun). set and planner are borrowed.
 * Returns 0; -EINVAL (not a capture, cut off: what came before was replayed), -ENOMEM, with diag. */
int replay_file(const struct scan_config *config, const char *path, const struct sig_set *set,
    const struct sig_planner *planner, struct writer *writer, struct replay_summary *summary,
    struct diag *diag) __attribute__((warn_unused_result));

#endif
