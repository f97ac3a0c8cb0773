#ifndef OUT_WRITER_H
#define OUT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "config.h"
#include "engine/messages.h"

struct diag;
struct geo;
struct ring;

/* Results in, records out: annotates, chooses, serialises, writes. Opaque. */
struct writer;

/* The rings between one receiver and the writer; both carry struct result *. */
struct writer_port {
	struct ring *results; /* from the receiver; NULL is its end marker, and the last message */
	struct ring *home;    /* emptied results; holds as many as results does */
};

struct writer_options {
	enum format format;
	const char *fields; /* --fields; NULL: the default ones; only for jsonl and csv */
	enum only only;
	uint64_t max_results;    /* 0: no limit */
	const char *output_file; /* NULL or "-": standard output */
	bool is_zstd;
	int zstd_level;
	bool is_resume;           /* go on after what the file holds */
	bool has_recorded;        /* remember what writer_get_recorded() tells */
	const char *const *geoip; /* n_geoip databases */
	size_t n_geoip;
	const struct sig_set *set; /* names of probes; may be NULL; lives as long as the writer */
	struct counters *counters; /* the writer's own; lives as long as the writer */
};

/* Opens databases and output; changes nothing in the output yet. What needs privileges is done when
 * this returns. Returns 0, or a negative errno with diag. The caller owns *out. */
int writer_create(const struct writer_options *options, struct diag *diag, struct writer **out)
    __attribute__((warn_unused_result));
/* After writer_run or writer_finish has returned, or instead of them. NULL is fine. */
void writer_destroy(struct writer *writer);

/* The databases, for the metadata; owned by the writer, NULL when there are none. */
const struct geo *writer_get_geo(const struct writer *writer);

/* Prepares the output: writer thread, or before it starts. preamble (may be NULL): the run as one
 * line of JSON, put into a new zstd output as a skippable frame. Call once, before anything below. */
int writer_begin(struct writer *writer, const char *preamble, struct diag *diag)
    __attribute__((warn_unused_result));

/* Writes one result, directly: for replay and tests, which have no rings. now_ns: CLOCK_MONOTONIC.
 * The result is borrowed. Failures show in writer_get_state. */
void writer_put(struct writer *writer, const struct result *result, int64_t now_ns);

/* The same for n results in this order, which costs less than one by one. */
void writer_put_n(
    struct writer *writer, const struct result *const *results, size_t n, int64_t now_ns);

/* Results are piling up (or no longer): compress less. writer_run decides for itself. */
void writer_set_hurry(struct writer *writer, bool hurry);

/* Lets go of records that were kept back too long: for those who call writer_put and then wait. */
void writer_tick(struct writer *writer, int64_t now_ns);

/* Closes the frame and brings a regular file to disk. Returns 0, or the error that stopped the
 * output. */
int writer_finish(struct writer *writer) __attribute__((warn_unused_result));

enum { WRITER_PORTS_MAX = 1024 };

/* The writer thread: takes results from n_ports (at most WRITER_PORTS_MAX) ports (borrowed) until
 * each has ended, gives each result back, then finishes. A failed output does not end it: it goes on giving results back, so that no
 * receiver waits for ever. Returns as writer_finish. */
int writer_run(struct writer *writer, const struct writer_port *ports, size_t n_ports)
    __attribute__((warn_unused_result));

enum writer_state {
	WRITER_OK,
	WRITER_ENOUGH, /* max_results are written: stop the scan, this is no error */
	WRITER_FAILED, /* the output has failed: stop the scan */
};

/* How the output is doing; with WRITER_FAILED, *diag (may be NULL) says why. Any thread, O(1): main
 * looks at it as often as at the clock. */
enum writer_state writer_get_state(const struct writer *writer, struct diag *diag);

/* Asks that every result pushed before this call be brought to disk; returns a ticket. When
 * writer_get_synced returns the ticket or a later one, they are. For checkpoints. Main thread; one
 * ticket at a time. since_ns: see below. */
uint64_t writer_request_sync(struct writer *writer, int64_t since_ns);
uint64_t writer_get_synced(const struct writer *writer);

/* The targets whose records (or results that --only leaves out) the writer took at since_ns or later
 * (monotonic) and that are on disk: those of the ticket that is done, until the next request. At most
 * RECENT_MAX, the latest ones; not those of outcome aborted. */
const struct target *writer_get_recorded(const struct writer *writer, size_t *n);

/* The same after writer_run has returned 0, as of now. Main thread. */
void writer_list_recorded(struct writer *writer, int64_t since_ns);

enum { WRITER_PROTOCOLS_MAX = 256 };

struct writer_tally {
	const char *name; /* owned by the sig_set */
	uint64_t n;
};

/* What was written. */
struct writer_summary {
	uint64_t n_records;
	uint64_t by_outcome[OUTCOME_COUNT];
	size_t n_protocols;
	struct writer_tally by_protocol[WRITER_PROTOCOLS_MAX]; /* most frequent first */
	uint64_t n_other_protocols; /* records whose protocol found no room in the table */
	uint64_t n_beyond;          /* results that came after max_results records */
};

/* After writer_run or writer_finish has returned. */
void writer_get_summary(const struct writer *writer, struct writer_summary *out);

#endif
