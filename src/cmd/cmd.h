#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/diag.h"
#include "config.h"

/* What the process returns (synspect(8), EXIT STATUS). */
enum cmd_exit {
	CMD_EXIT_COMPLETE = 0,
	CMD_EXIT_FAILED = 1,
	CMD_EXIT_USAGE = 2,       /* the command line or a file it names is wrong */
	CMD_EXIT_INTERRUPTED = 3, /* stopped by a signal; output is valid */
	CMD_EXIT_LOSS = 4,        /* complete, but the capture lost more than the limit */
};

/* One entry point a command, each in its own file: int cmd_NAME(config, operands, diag).
 *   config    what the user chose, const and borrowed for the run
 *   operands  the arguments that are not options, borrowed; for commands that take TARGETs the
 *             same strings as config->targets
 *   diag      filled with the one line that main prints when the command fails; may stay empty
 * Returns an enum cmd_exit. Runs on the main thread. */
#define CMD(name, ...)                                                                             \
	int cmd_##name(                                                                            \
	    const struct scan_config *config, struct strlist operands, struct diag *diag);
#include "cmd/commands.def"
#undef CMD

#endif
