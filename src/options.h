#ifndef SRC_OPTIONS_H
#define SRC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/diag.h"
#include "config.h"

/* The command line as tables: options.def has one row an option, cmd/commands.def one a command.
 * Everything that speaks of options (parser, config file, help, manual pages, completion, metadata)
 * is derived from these two. */

/* Commands as bits, so that a row says where it belongs. */
enum {
	OPTION_CMD_SCAN = 1 << 0,
	OPTION_CMD_TARGETS = 1 << 1,
	OPTION_CMD_CHECK = 1 << 2,
	OPTION_CMD_IDENTIFY = 1 << 3,
	OPTION_CMD_REPLAY = 1 << 4,
	OPTION_CMD_SIGNATURES = 1 << 5,
	OPTION_CMD_REPORT = 1 << 6,
	OPTION_CMD_ALL = (1 << 7) - 1,
};

/* What a value looks like, and the type of its member in scan_config. */
enum option_type {
	OPTION_FLAG,       /* bool, no value */
	OPTION_TALLY,      /* uint32_t, no value, counts how often it was given */
	OPTION_U32,        /* uint32_t */
	OPTION_U64,        /* uint64_t, k M G suffixes */
	OPTION_RATE,       /* double, fractions and k M G suffixes */
	OPTION_BANDWIDTH,  /* double, bits per second: 100mbit */
	OPTION_DURATION,   /* int64_t nanoseconds: 500ms 10s 2m; a bare number is seconds */
	OPTION_STRING,     /* char *, owned */
	OPTION_LIST,       /* struct strlist, owned; repeatable */
	OPTION_ENUM,       /* an enum whose names, in its order, are the metavar: a|b|c */
	OPTION_MAC,        /* uint8_t[6] */
	OPTION_ADDR_RANGE, /* struct ipaddr, the upper end in the member behind it */
	OPTION_PORT_RANGE, /* uint16_t, the upper end in the member behind it */
	OPTION_LEVEL,      /* int; the value is optional */
	OPTION_ACTION,     /* no member: asks the program something */
	OPTION_TYPE_COUNT,
};

enum option_group {
	OPTION_GROUP_TARGETS,
	OPTION_GROUP_NETWORK,
	OPTION_GROUP_SENDING,
	OPTION_GROUP_ANSWERS,
	OPTION_GROUP_OUTPUT,
	OPTION_GROUP_PROGRAM,
	OPTION_GROUP_COUNT,
};

/* What an option without a member asks for. */
enum option_action {
	OPTION_ACT_NONE,
	OPTION_ACT_CONFIG,
	OPTION_ACT_DUMP,
	OPTION_ACT_HELP,
	OPTION_ACT_VERSION,
};

#define OPTION_NO_MEMBER SIZE_MAX

/* One row of options.def. */
struct option_row {
	enum option_type type;
	enum option_action action;
	size_t offset;       /* of the member in scan_config; OPTION_NO_MEMBER */
	size_t also_offset;  /* of the bool that says "was given"; OPTION_NO_MEMBER */
	const char *name;    /* long name */
	char letter;         /* short name; 0: none */
	const char *metavar; /* NULL: takes no value */
	const char *initial; /* default, as the user would write it; NULL: zero */
	const char *min;     /* bounds, written the same way; NULL: none */
	const char *max;
	enum option_group group;
	unsigned commands; /* OPTION_CMD_* */
	const char *help;  /* one line, lower case, no full stop */
	const char *man;   /* mdoc paragraph; NULL: the help says it all */
};

/* Another spelling, ZMap's or LZR's, for an option's long name. */
struct option_alias {
	const char *alias;
	const char *name;
};

/* One row of cmd/commands.def. */
struct option_command {
	const char *name; /* NULL ends the table */
	unsigned bit;
	const char *operands;
	int min_operands;
	int max_operands; /* -1: any number */
	const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_n_rows;
extern const struct option_alias option_aliases[]; /* ends with a NULL alias */
extern const struct option_command option_commands[];
extern const char *const option_group_titles[OPTION_GROUP_COUNT];

/* What main is to do. */
enum option_request {
	OPTION_RUN,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_DUMP_MAN,
	OPTION_DUMP_COMPLETION,
	OPTION_DUMP_JSON,
};

/* Sets every member to its default. Never fails on the rows as shipped (a unit test says so);
 * returns -ENOMEM, or -EINVAL with diag for a row whose default is not a value. */
int config_init(struct scan_config *config, struct diag *diag) __attribute__((warn_unused_result));
/* Frees what the members own. A zeroed config is fine. */
void config_fini(struct scan_config *config);

/* Which command argv asks for: the row, and in *n_skip how many leading arguments name it (1 or 2).
 * "synspect TARGET..." and "synspect -p 80 TARGET" mean scan. *out is NULL when the arguments ask
 * about the program itself (--help, --version, nothing at all). Returns 0, or -EINVAL with diag. */
int options_find_command(int argc, char *const *argv, const struct option_command **out,
    int *n_skip, struct diag *diag) __attribute__((warn_unused_result));

/* Reads argv[0..argc-1], which are the arguments behind the command's name, into config, which must
 * be initialised. Files named by --config come first, so the command line wins; repeatable options
 * add up. command may be NULL: only questions about the program are accepted. Returns 0 with
 * *request set, or -EINVAL/-ENOMEM/-errno with one line in diag: what, where, how. Main thread. */
int options_parse(const struct option_command *command, int argc, char *const *argv,
    struct scan_config *config, enum option_request *request, struct diag *diag)
    __attribute__((warn_unused_result));

/* Reads a config file: "name = value" lines, a flag alone or "name = yes|no", # comments, values in
 * double quotes where blanks or # matter. path is for messages; text need not end in NUL. Options of
 * other commands than command are checked and passed over, so that one file serves all commands. */
int options_parse_file_text(const struct option_command *command, const char *path,
    const char *text, size_t len, struct scan_config *config, struct diag *diag)
    __attribute__((warn_unused_result));

/* The row of a long name or alias; NULL when there is none. */
const struct option_row *option_find(const char *name);

/* The spelling among the candidates nearest to text, NULL when none is near (Damerau-Levenshtein
 * distance at most 2, or a prefix). candidates ends with NULL. */
const char *option_nearest(const char *text, const char *const *candidates);

/* Parses text as row's type, checks its bounds and stores it. -EINVAL with diag ("'x' is not ...:
 * write ..."), -ENOMEM. Lists append. text may be NULL for types without, or with optional, value. */
int option_set(const struct option_row *row, const char *text, struct scan_config *config,
    struct diag *diag) __attribute__((warn_unused_result));

/* Writes row's value as the user would write it; i picks the element of a list. */
void option_format(
    const struct option_row *row, const struct scan_config *config, size_t i, FILE *f);

/* Does the member hold something else than its default? */
bool option_is_set(const struct option_row *row, const struct scan_config *config);

/* Help of one command, or of the program when command is NULL. */
void options_print_help(const struct option_command *command, FILE *f);
/* The OPTIONS part of a command's manual page, or the items of the list of commands when command is
 * NULL, as mdoc. */
void options_print_man(const struct option_command *command, FILE *f);
/* The bash completion, and all rows as JSON. */
void options_print_completion(FILE *f);
void options_print_json(FILE *f);

/* The effective configuration of a command (OPTION_CMD_* bit) as JSON object text, or as a file that
 * --config reads. The string is owned by the caller (free). NULL: out of memory. */
char *config_dump_json(const struct scan_config *config, unsigned command_bit);
char *config_dump_text(const struct scan_config *config, unsigned command_bit);

#endif
