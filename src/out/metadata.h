#ifndef OUT_METADATA_H
#define OUT_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "out/text.h"
#include "out/writer.h"

struct geo;

/* The description of a run: enough to repeat it, and to judge it. Pure: text out; main thread. */

/* A list of findings about the network rather than about a target: hosts, prefixes. The callback puts
 * elements, JSON values separated by commas. */
struct metadata_list {
	const char *key;
	void (*put)(struct text *t, void *ctx);
	void *ctx;
};

struct metadata {
	const char *version;     /* of synspect */
	const char *command;     /* "scan", "replay" */
	const char *config_json; /* the effective configuration, a JSON object; NULL: left out */
	uint64_t seed;
	int64_t start_wall_ns;
	int64_t end_wall_ns;   /* 0: the run goes on */
	const char *end;       /* "complete", "interrupted" ...; NULL while it runs */
	const char *error;     /* what failed; NULL: nothing */
	int exit_status;       /* with end */
	const struct geo *geo; /* databases; NULL: none */
	const struct counters_snapshot *counters; /* NULL at the start */
	const struct writer_summary *written;     /* NULL until the end */
	const struct metadata_list *lists;
	size_t n_lists;
};

/* One JSON object, on one line, without a line end: for a file, and for the skippable frame at the
 * start of a zstd output. A list that is too long for the text is left out with those after it, and
 * "lists_cut" is true then. */
void metadata_put(struct text *t, const struct metadata *metadata);

/* Room for two lists of 65,536 elements of 200 bytes, and the rest. Touched only as used. */
enum { METADATA_TEXT_MAX = 32 * 1024 * 1024 };

#endif
