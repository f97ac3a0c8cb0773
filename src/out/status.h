#ifndef OUT_STATUS_H
#define OUT_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "out/text.h"
#include "out/writer.h"

/* What a run looks like to people and to machines that watch it: a line, a JSON object, a file for
 * Prometheus, and the summary at the end. Pure: counters and times in, text out; any thread. */

enum status_phase {
	STATUS_SENDING,  /* targets are left */
	STATUS_DRAINING, /* all sent, or told to stop: cooldown, open sessions */
	STATUS_ENDED,
	STATUS_PHASE_COUNT,
};

/* What does not change while a scan runs. */
struct status_run {
	uint64_t n_targets;  /* addresses x ports to probe; with has_n_targets */
	bool has_n_targets;  /* false: a stream whose length nobody knows */
	int64_t cooldown_ns; /* waited after the last SYN */
	int64_t start_wall_ns;
};

/* One look at it. */
struct status_sample {
	int64_t at_ns; /* since the start */
	struct counters_snapshot counters;
};

/* What follows from two looks. */
struct status_rates {
	double sent_pps;
	double answers_per_s;
	double percent;      /* of the targets; negative: unknown */
	int64_t left_ns;     /* until the end, cooldown included; negative: unknown */
	uint64_t n_drops;    /* packets lost before we saw them, so far */
	double loss_percent; /* of those that came */
};

/* Rates between before and now (the earlier one may be all zero: the start). Nothing is divided by
 * zero, whatever the clock does. */
void status_rate(const struct status_run *run, enum status_phase phase,
    const struct status_sample *before, const struct status_sample *now, struct status_rates *out);

/* One line without a line end, under 120 characters for any scan that ends in our lifetime. */
void status_put_line(struct text *t, const struct status_run *run, enum status_phase phase,
    const struct status_sample *before, const struct status_sample *now);

/* One JSON object and a newline: times, rates, and every counter of counters.def by name. wall_ns: now. */
void status_put_json(struct text *t, const struct status_run *run, enum status_phase phase,
    const struct status_sample *before, const struct status_sample *now, int64_t wall_ns);

/* Every counter in Prometheus' text format (version 0.0.4), for the textfile collector. */
void status_put_prometheus(
    struct text *t, const struct status_run *run, const struct status_sample *now);

/* The summary, some 10 to 20 lines: what was sent, what answered, protocols, drops. written may be
 * NULL. */
void status_put_summary(struct text *t, const struct status_run *run,
    const struct status_sample *now, const struct writer_summary *written);

/* No text of this file is longer. */
enum { STATUS_TEXT_MAX = 64 * 1024 };

#endif
