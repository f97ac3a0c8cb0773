#ifndef SRC_SCAN_H
#define SRC_SCAN_H

#include <stdbool.h>

#include "base/diag.h"
#include "checkpoint.h"
#include "config.h"
#include "targets/targets.h"

/* A scan: everything that is opened for it, its threads and the rings between them. Opaque; main
 * thread. */
struct scan;

/* How a scan ended. */
enum scan_end {
	SCAN_COMPLETE,
	SCAN_STOPPED,     /* --max-results, --max-runtime: cleanly, as asked */
	SCAN_INTERRUPTED, /* a signal */
	SCAN_FAILED,      /* the output or the interface failed; diag says why */
};

/* Opens all that needs privileges or files: signatures, targets, databases, output, interface,
 * capture, RST guard; starts nothing. config, spec and config_json (the same as a JSON
 * object, for the metadata; may be NULL), options_text (as a --config file, for the checkpoint) and
 * resume (where to go on; NULL: at the beginning) are borrowed until scan_close. Returns 0; -EINVAL with
 * diag when the command line or a file it names is wrong; another negative errno with diag when the
 * host does not allow it. The caller owns *out. */
int scan_open(const struct scan_config *config, const struct targets_spec *spec,
    const char *config_json, const char *options_text, const struct checkpoint *resume,
    struct diag *diag, struct scan **out) __attribute__((warn_unused_result));

/* Gives up privileges, runs the threads to the end of the scan, shows status, prints the summary.
 * SIGINT or SIGTERM once: stops sending and drains; twice: ends at once. SIGHUP reads the exclude
 * files again. */
/* How it ends decides the exit status; scan_exit_status says which (DESIGN.md section 1). */
int scan_exit_status(const struct scan *scan, enum scan_end end);

enum scan_end scan_run(struct scan *scan, struct diag *diag);

/* Says on stdout what scan_run would do: targets, ways out, probes. For --dry-run. */
void scan_print_plan(const struct scan *scan);

void scan_close(struct scan *scan);

#endif
