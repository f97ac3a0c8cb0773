/* options: the table of options, and the command line read by it. Main thread, before any other.
 * Owns nothing after it returns: the strings it stores belong to the scan_config.
 * Refuses: unknown names, values out of bounds, options of another command. Source: getopt_long(3). */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"

#define NONE        OPTION_NO_MEMBER
#define HAS(member) offsetof(struct scan_config, member)

/* The C type that each option type's member must have. */
#define CTYPE_FLAG       bool
#define CTYPE_TALLY      uint32_t
#define CTYPE_U32        uint32_t
#define CTYPE_U64        uint64_t
#define CTYPE_RATE       double
#define CTYPE_BANDWIDTH  double
#define CTYPE_DURATION   int64_t
#define CTYPE_STRING     char *
#define CTYPE_LIST       struct strlist
#define CTYPE_ENUM       unsigned
#define CTYPE_MAC        uint8_t[6]
#define CTYPE_ADDR_RANGE struct ipaddr
#define CTYPE_PORT_RANGE uint16_t
#define CTYPE_LEVEL      int

/* An enum of ours has no negative name, so its type is as good as unsigned (GCC manual, 4.9). */
#define OPT(                                                                                       \
    type, member, also, name, letter, metavar, initial, min, max, group, commands, help, man)      \
	_Static_assert(__builtin_types_compatible_p(                                               \
			   __typeof__(((struct scan_config *)0)->member), CTYPE_##type) ||         \
			   (OPTION_##type == OPTION_ENUM &&                                        \
			       sizeof(((struct scan_config *)0)->member) == sizeof(unsigned)),     \
	    "the member's type fits option " name);
#define ACT(action, name, letter, metavar, help, man)
#define ALIAS(alias, name)
#include "options.def"
#undef OPT
#undef ACT
#undef ALIAS

#define OPT(                                                                                       \
    type, member, also, name, letter, metavar, initial, min, max, group, commands, help, man)      \
	{OPTION_##type, OPTION_ACT_NONE, offsetof(struct scan_config, member), also, name, letter, \
	    metavar, initial, min, max, OPTION_GROUP_##group, commands, help, man},
#define ACT(action, name, letter, metavar, help, man)                                              \
	{OPTION_ACTION, OPTION_ACT_##action, NONE, NONE, name, letter, metavar, NULL, NULL, NULL,  \
	    OPTION_GROUP_PROGRAM, OPTION_CMD_ALL, help, man},
#define ALIAS(alias, name)
const struct option_row option_rows[] = {
#include "options.def"
};
#undef OPT
#undef ACT
#undef ALIAS

enum { N_ROWS = sizeof(option_rows) / sizeof(option_rows[0]) };
const size_t option_n_rows = N_ROWS;

#define OPT(...)
#define ACT(...)
#define ALIAS(alias, name) {alias, name},
const struct option_alias option_aliases[] = {
#include "options.def"
    {NULL, NULL}};
#undef OPT
#undef ACT
#undef ALIAS
enum { N_ALIASES = sizeof(option_aliases) / sizeof(option_aliases[0]) - 1 };

#define CMD(name, bit, operands, min, max, help)                                                   \
	{#name, OPTION_CMD_##bit, operands, min, max, help},
const struct option_command option_commands[] = {
#include "cmd/commands.def"
    {NULL, 0, NULL, 0, 0, NULL}};
#undef CMD

const struct option_row *option_find(const char *name)
{
	for (size_t i = 0; i < N_ALIASES; i++)
		if (strcmp(option_aliases[i].alias, name) == 0)
			name = option_aliases[i].name;
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(option_rows[i].name, name) == 0)
			return &option_rows[i];
	return NULL;
}

/* Edits (insert, delete, replace, swap neighbours) from a to b; words longer than the matrix are
 * far from everything. */
static size_t edit_distance(const char *a, const char *b)
{
	enum { MAX_LEN = 31 };
	size_t n = strlen(a);
	size_t m = strlen(b);
	if (n > MAX_LEN || m > MAX_LEN)
		return MAX_LEN;
	uint8_t d[MAX_LEN + 1][MAX_LEN + 1];
	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (uint8_t)(i + j);
				continue;
			}
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u);
			if (best > d[i - 1][j] + 1u)
				best = d[i - 1][j] + 1u;
			if (best > d[i][j - 1] + 1u)
				best = d[i][j - 1] + 1u;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    best > d[i - 2][j - 2] + 1u)
				best = d[i - 2][j - 2] + 1u;
			d[i][j] = (uint8_t)best;
		}
	return d[n][m];
}

const char *option_nearest(const char *text, const char *const *candidates)
{
	size_t len = strlen(text);
	size_t best = len < 3 ? 1 : 2;
	const char *nearest = NULL;
	for (; *candidates; candidates++) {
		bool is_prefix = len >= 3 && strncmp(*candidates, text, len) == 0;
		size_t distance = is_prefix ? 1 : edit_distance(text, *candidates);
		if (distance < len && (distance < best || (distance == best && !nearest))) {
			best = distance;
			nearest = *candidates;
		}
	}
	return nearest;
}

static const struct option_command *find_command(const char *name)
{
	for (const struct option_command *c = option_commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

int options_find_command(
    int argc, char *const *argv, const struct option_command **out, int *n_skip, struct diag *diag)
{
	const char *first = argc > 1 ? argv[1] : "--help";
	*n_skip = 1;
	*out = find_command(first);
	if (*out) {
		*n_skip = 2;
		return 0;
	}
	if (argc <= 2 && (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
			     strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0 ||
			     strncmp(first, "--dump-options", strlen("--dump-options")) == 0))
		return 0;
	if (strcmp(first, "help") == 0 || strcmp(first, "version") == 0)
		return diag_set(
		    diag, -EINVAL, "'%s' is no command: did you mean --%s?", first, first);
	const char *names[8] = {NULL};
	for (size_t i = 0; i < 7 && option_commands[i].name; i++)
		names[i] = option_commands[i].name;
	const char *near = option_nearest(first, names);
	if (near && !strpbrk(first, ".:/-"))
		return diag_set(diag, -EINVAL,
		    "'%.64s' is no command: did you mean '%s'? (a host of that name: synspect scan %.64s)",
		    first, near, first);
	*out = find_command("scan");
	if (!*out)
		return diag_set(diag, -EINVAL, "'%.64s' is no command: see synspect --help", first);
	return 0;
}

/* The getopt_long arrays, made from the table. val of a long option is its index + LONG_BASE. */
enum { LONG_BASE = 256 };
struct getopt_tables {
	struct option longs[N_ROWS + N_ALIASES + 1];
	char shorts[3 * N_ROWS + 2];
};

static int has_argument(const struct option_row *row)
{
	if (row->type == OPTION_LEVEL)
		return optional_argument;
	return row->metavar ? required_argument : no_argument;
}

static void make_tables(struct getopt_tables *tables)
{
	size_t n = 0;
	char *s = tables->shorts;
	*s++ = ':'; /* a missing value is ':', not '?' */
	for (int i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &option_rows[i];
		tables->longs[n++] =
		    (struct option){row->name, has_argument(row), NULL, LONG_BASE + i};
		if (!row->letter)
			continue;
		*s++ = row->letter;
		if (row->metavar)
			*s++ = ':';
	}
	*s = '\0';
	for (int i = 0; i < N_ALIASES; i++) {
		const struct option_row *row = option_find(option_aliases[i].name);
		tables->longs[n++] = (struct option){option_aliases[i].alias, has_argument(row),
		    NULL, LONG_BASE + (int)(row - option_rows)};
	}
	tables->longs[n] = (struct option){0};
}

/* What getopt found, kept until the files of --config are read. */
struct given {
	const struct option_row *row;
	const char *text;
};
struct given_list {
	struct given *v;
	size_t n;
};

static int given_add(struct given_list *list, const struct option_row *row, const char *text)
{
	struct given *v = realloc(list->v, (list->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n++] = (struct given){row, text};
	return 0;
}

/* The line for a name that getopt did not take: unknown, ambiguous, or with a value it cannot have. */
static int refuse_name(const char *arg, struct diag *diag)
{
	char name[64];
	if (optopt != 0 && optopt < LONG_BASE)
		return diag_set(diag, -EINVAL, "-%c: unknown option: see --help",
		    optopt > ' ' && optopt <= '~' ? optopt : '?');
	size_t len = strcspn(arg + 2, "=");
	snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1),
	    arg + 2);
	if (option_find(name))
		return diag_set(diag, -EINVAL, "--%s: takes no value", name);
	const char *names[N_ROWS + N_ALIASES + 1];
	size_t n = 0;
	size_t n_prefix = 0;
	for (size_t i = 0; i < N_ROWS; i++) {
		names[n++] = option_rows[i].name;
		n_prefix += strncmp(option_rows[i].name, name, strlen(name)) == 0;
	}
	for (size_t i = 0; i < N_ALIASES; i++)
		names[n++] = option_aliases[i].alias;
	names[n] = NULL;
	const char *near = option_nearest(name, names);
	if (near)
		return diag_set(diag, -EINVAL, "--%s: %s option: did you mean --%s?", name,
		    n_prefix > 1 ? "ambiguous" : "unknown", near);
	return diag_set(diag, -EINVAL, "--%s: unknown option: see --help", name);
}

static int refuse_command(
    const struct option_row *row, const struct option_command *command, struct diag *diag)
{
	char commands[96] = "";
	size_t len = 0;
	for (const struct option_command *c = option_commands; c->name; c++)
		if (row->commands & c->bit)
			len += (size_t)snprintf(commands + len, sizeof(commands) - len, "%s%s",
			    len ? ", " : "", c->name);
	return diag_set(diag, -EINVAL, "--%s: not an option of '%s', but of: %s", row->name,
	    command ? command->name : "synspect", commands);
}

/* Runs getopt over the arguments. Operands are appended to operands. */
static int collect(const struct option_command *command, int argc, char *const *argv,
    struct given_list *given, struct given_list *operands, struct diag *diag)
{
	struct getopt_tables tables;
	make_tables(&tables);
	/* getopt permutes its argv and wants a program name in front */
	char **copy = calloc((size_t)argc + 2, sizeof(*copy));
	if (!copy)
		return diag_set(diag, -ENOMEM, "out of memory");
	copy[0] = (char[]){"synspect"};
	for (int i = 0; i < argc; i++)
		copy[i + 1] = argv[i];
	int err = 0;
	optind = 0; /* glibc: forget earlier calls */
	opterr = 0;
	while (err == 0) {
		int c = getopt_long(argc + 1, copy, tables.shorts, tables.longs, NULL);
		if (c == -1)
			break;
		if (c == '?') {
			err = refuse_name(copy[optind - 1], diag);
			break;
		}
		int missing = c == ':' ? optopt : 0;
		int id = missing ? missing : c;
		const struct option_row *row = NULL;
		for (int i = 0; i < N_ROWS && !row; i++)
			if (id == LONG_BASE + i || (id < LONG_BASE && id == option_rows[i].letter))
				row = &option_rows[i];
		if (missing)
			err = diag_set(
			    diag, -EINVAL, "--%s: needs a value: %s", row->name, row->metavar);
		else if (!(command ? row->commands & command->bit : row->type == OPTION_ACTION))
			err = refuse_command(row, command, diag);
		else if (given_add(given, row, optarg) < 0)
			err = diag_set(diag, -ENOMEM, "out of memory");
	}
	for (int i = optind; err == 0 && i < argc + 1; i++)
		if (given_add(operands, NULL, copy[i]) < 0)
			err = diag_set(diag, -ENOMEM, "out of memory");
	free(copy);
	return err;
}

static int read_whole_file(const char *path, char **out, size_t *out_len, struct diag *diag)
{
	enum { FILE_MAX = 1 << 20 };
	FILE *f = fopen(path, "rbe");
	if (!f)
		return diag_set(diag, -errno, "--config: %s: %s", path, strerror(errno));
	char *text = malloc(FILE_MAX + 1);
	size_t len = text ? fread(text, 1, FILE_MAX + 1, f) : 0;
	int err = ferror(f) ? -errno : 0;
	fclose(f);
	if (!text)
		err = diag_set(diag, -ENOMEM, "out of memory");
	else if (err < 0)
		diag_set(diag, err, "--config: %s: %s", path, strerror(-err));
	else if (len > FILE_MAX)
		err = diag_set(diag, -EINVAL, "--config: %s: larger than 1 MiB", path);
	if (err < 0) {
		free(text);
		return err;
	}
	*out = text;
	*out_len = len;
	return 0;
}

static int take_file(const struct option_command *command, const char *path,
    struct scan_config *config, struct diag *diag)
{
	char *text = NULL;
	size_t len = 0;
	int err = read_whole_file(path, &text, &len, diag);
	if (err < 0)
		return err;
	err = options_parse_file_text(command, path, text, len, config, diag);
	free(text);
	return err;
}

/* The questions to the program; true when there was one. */
static int take_action(const struct given *given, enum option_request *request, struct diag *diag)
{
	static const char *const dumps[] = {"man", "completion", "json"};
	static const enum option_request requests[] = {
	    OPTION_DUMP_MAN, OPTION_DUMP_COMPLETION, OPTION_DUMP_JSON};
	if (given->row->action == OPTION_ACT_HELP)
		*request = OPTION_HELP;
	if (given->row->action == OPTION_ACT_VERSION)
		*request = OPTION_VERSION;
	if (given->row->action != OPTION_ACT_DUMP)
		return 0;
	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++)
		if (strcmp(given->text, dumps[i]) == 0) {
			*request = requests[i];
			return 0;
		}
	return diag_set(diag, -EINVAL, "--dump-options: '%.64s' is none of %s", given->text,
	    given->row->metavar);
}

/* What no single row can see. */
static int check_together(const struct scan_config *config, struct diag *diag)
{
	if (config->shard >= config->n_shards)
		return diag_set(diag, -EINVAL,
		    "--shard: %u is not below --shards %u: shards count from 0", config->shard,
		    config->n_shards);
	if (config->n_shards > 1 && !config->has_seed)
		return diag_set(
		    diag, -EINVAL, "--shards: needs --seed: all scanners must use the same seed");
	if (config->hyperack > 0 && config->hyperack_threshold > config->hyperack)
		return diag_set(diag, -EINVAL,
		    "--hyperack-threshold: %u is more than the %u ports of --hyperack",
		    config->hyperack_threshold, config->hyperack);
	return 0;
}

static int take_operands(const struct option_command *command, const struct given_list *operands,
    struct scan_config *config, struct diag *diag)
{
	if (!command)
		return 0;
	if ((int)operands->n < command->min_operands)
		return diag_set(diag, -EINVAL, "%s: needs %s: see synspect %s --help",
		    command->name, command->operands, command->name);
	if (command->max_operands >= 0 && (int)operands->n > command->max_operands)
		return diag_set(diag, -EINVAL, "%s: one argument too many: '%.64s'", command->name,
		    operands->v[command->max_operands].text);
	config->targets.v = calloc(operands->n + 1, sizeof(char *));
	if (!config->targets.v)
		return diag_set(diag, -ENOMEM, "out of memory");
	for (size_t i = 0; i < operands->n; i++) {
		config->targets.v[i] = strdup(operands->v[i].text);
		if (!config->targets.v[i])
			return diag_set(diag, -ENOMEM, "out of memory");
		config->targets.n++;
	}
	return 0;
}

static void clear_list(struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strlist){0};
}

/* --resume: the options of the scan that is resumed come first; a list that is given again replaces
 * theirs, and so do TARGETs. */
static int take_resume(const struct option_command *command, const struct given_list *given,
    const char *path, struct scan_config *config, struct strlist *operands, struct diag *diag)
{
	struct checkpoint resume;
	int err = checkpoint_read(path, &resume, diag);
	if (err < 0)
		return err;
	err = options_parse_file_text(
	    command, path, resume.options, strlen(resume.options), config, diag);
	for (size_t i = 0; i < given->n; i++)
		if (given->v[i].row->type == OPTION_LIST)
			clear_list(
			    (struct strlist *)(void *)((char *)config + given->v[i].row->offset));
	*operands = resume.operands;
	resume.operands = (struct strlist){0};
	checkpoint_fini(&resume);
	return err;
}

static int apply(const struct option_command *command, const struct given_list *given,
    const struct given_list *operands, struct scan_config *config, enum option_request *request,
    struct diag *diag)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < given->n; i++)
		err = take_action(&given->v[i], request, diag);
	if (err < 0 || *request != OPTION_RUN)
		return err;
	struct strlist resumed = {0};
	for (size_t i = 0; err == 0 && i < given->n; i++)
		if (given->v[i].row->offset == offsetof(struct scan_config, resume_file))
			err = take_resume(command, given, given->v[i].text, config, &resumed, diag);
	for (size_t i = 0; err == 0 && i < given->n; i++)
		if (given->v[i].row->action == OPTION_ACT_CONFIG)
			err = take_file(command, given->v[i].text, config, diag);
	for (size_t i = 0; err == 0 && i < given->n; i++) {
		const struct option_row *row = given->v[i].row;
		struct diag why = {""};
		if (row->type == OPTION_ACTION)
			continue;
		err = option_set(row, given->v[i].text, config, &why);
		if (err < 0)
			diag_set(diag, err, "--%s: %s", row->name, why.text);
	}
	if (err == 0)
		err = take_operands(command, operands, config, diag);
	if (err == 0 && operands->n == 0 && resumed.n > 0) {
		clear_list(&config->targets);
		config->targets = resumed;
		resumed = (struct strlist){0};
	}
	clear_list(&resumed);
	return err == 0 ? check_together(config, diag) : err;
}

int options_parse(const struct option_command *command, int argc, char *const *argv,
    struct scan_config *config, enum option_request *request, struct diag *diag)
{
	struct given_list given = {0};
	struct given_list operands = {0};
	*request = OPTION_RUN;
	int err = collect(command, argc, argv, &given, &operands, diag);
	if (err == 0)
		err = apply(command, &given, &operands, config, request, diag);
	if (err == 0 && !command && *request == OPTION_RUN)
		*request = OPTION_HELP;
	free(given.v);
	free(operands.v);
	return err;
}
