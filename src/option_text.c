/* option_text: everything that is printed from the option table: help, manual, completion, JSON, and
 * the configuration in effect. Main thread. Writes only to the stream it is given. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 32 };

const char *const option_group_titles[OPTION_GROUP_COUNT] = {
    [OPTION_GROUP_TARGETS] = "Targets",
    [OPTION_GROUP_NETWORK] = "Network",
    [OPTION_GROUP_SENDING] = "Sending",
    [OPTION_GROUP_ANSWERS] = "Answers",
    [OPTION_GROUP_OUTPUT] = "Output",
    [OPTION_GROUP_PROGRAM] = "Program",
};

static bool belongs(const struct option_row *row, unsigned command_bit, enum option_group group)
{
	return (row->commands & command_bit) && row->group == group;
}

static bool has_group(unsigned command_bit, enum option_group group)
{
	for (size_t i = 0; i < option_n_rows; i++)
		if (belongs(&option_rows[i], command_bit, group))
			return true;
	return false;
}

/* "  -r, --rate PPS       packets per second ... [10k]" */
static void print_help_row(const struct option_row *row, FILE *f)
{
	char left[128];
	int len = snprintf(left, sizeof(left), "  %c%c%c --%s", row->letter ? '-' : ' ',
	    row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name);
	if (row->metavar)
		len += snprintf(left + len, sizeof(left) - (size_t)len,
		    row->type == OPTION_LEVEL ? "[=%s]" : " %s", row->metavar);
	if (len >= HELP_COLUMN)
		fprintf(f, "%s\n%*s%s", left, HELP_COLUMN, "", row->help);
	else
		fprintf(f, "%-*s%s", HELP_COLUMN, left, row->help);
	if (row->initial)
		fprintf(f, " [%s]", row->initial);
	fputc('\n', f);
}

static void print_program_help(FILE *f)
{
	fputs("usage: synspect [COMMAND] [OPTION...] [OPERAND...]\n\ncommands:\n", f);
	for (const struct option_command *c = option_commands; c->name; c++)
		fprintf(f, "  %-12s%s\n", c->name, c->help);
	fputs("\nThe default command is scan. synspect COMMAND --help lists its options, and\n"
	      "synspect-COMMAND(8) explains them.\n",
	    f);
}

void options_print_help(const struct option_command *command, FILE *f)
{
	if (!command) {
		print_program_help(f);
		return;
	}
	fprintf(f, "usage: synspect %s [OPTION...] %s\n%s\n", command->name, command->operands,
	    command->help);
	for (enum option_group g = 0; g < OPTION_GROUP_COUNT; g++) {
		if (!has_group(command->bit, g))
			continue;
		fprintf(f, "\n%s\n", option_group_titles[g]);
		for (size_t i = 0; i < option_n_rows; i++)
			if (belongs(&option_rows[i], command->bit, g))
				print_help_row(&option_rows[i], f);
	}
}

/* "a|b|c" as ".Cm a | b | c", anything else as ".Ar X" (after the macro that the caller opened). */
static void print_man_metavar(const struct option_row *row, FILE *f)
{
	const char *names = row->metavar;
	fputs(strchr(names, '|') ? " Cm " : " Ar ", f);
	for (; *names; names++)
		fprintf(f, *names == '|' ? " | " : "%c", *names);
}

static void print_man_item(const struct option_row *row, FILE *f)
{
	fputs(".It", f);
	if (row->letter) {
		fprintf(f, " Fl %c", row->letter);
		if (row->metavar)
			print_man_metavar(row, f);
		fputs(" ,", f);
	}
	fprintf(f, " Fl -%s", row->name);
	if (row->type == OPTION_LEVEL)
		fprintf(f, " Ns Op = Ns Ar %s", row->metavar);
	else if (row->metavar)
		print_man_metavar(row, f);
	fputc('\n', f);
}

/* The help line as a sentence, when the table has no paragraph. */
static void print_man_sentence(const char *help, FILE *f)
{
	char first = help[0];
	if (first >= 'a' && first <= 'z')
		first = (char)(first - 'a' + 'A');
	fprintf(f, "%c%s.\n", first, help + 1);
}

static void print_man_row(const struct option_row *row, FILE *f)
{
	print_man_item(row, f);
	if (row->man)
		fprintf(f, "%s\n", row->man);
	else
		print_man_sentence(row->help, f);
	if (row->initial)
		fprintf(f, "The default is\n.Cm %s .\n", row->initial);
	if (row->min && row->max)
		fprintf(f, "The range is %s to %s.\n", row->min, row->max);
	else if (row->max)
		fprintf(f, "At most %s.\n", row->max);
	for (const struct option_alias *a = option_aliases; a->alias; a++)
		if (strcmp(a->name, row->name) == 0)
			fprintf(f, "Also\n.Fl -%s .\n", a->alias);
}

static void print_man_commands(FILE *f)
{
	if (!option_commands[0].name)
		return;
	fputs(".Bl -tag -width synspect-signatures(8)\n", f);
	for (const struct option_command *c = option_commands; c->name; c++) {
		fprintf(f, ".It Xr synspect-%s 8\n", c->name);
		print_man_sentence(c->help, f);
	}
	fputs(".El\n", f);
}

void options_print_man(const struct option_command *command, FILE *f)
{
	if (!command) {
		print_man_commands(f);
		return;
	}
	for (enum option_group g = 0; g < OPTION_GROUP_COUNT; g++) {
		if (!has_group(command->bit, g))
			continue;
		fprintf(f, ".Ss %s\n.Bl -tag -width Ds\n", option_group_titles[g]);
		for (size_t i = 0; i < option_n_rows; i++)
			if (belongs(&option_rows[i], command->bit, g))
				print_man_row(&option_rows[i], f);
		fputs(".El\n", f);
	}
}

/* What the shell offers behind an option. */
static const char *completion_action(const struct option_row *row)
{
	if (!row->metavar)
		return "";
	if (strcmp(row->metavar, "FILE") == 0 || strcmp(row->metavar, "DIR") == 0)
		return "file";
	if (strcmp(row->name, "interface") == 0)
		return "interface";
	if (strcmp(row->name, "user") == 0)
		return "user";
	return strchr(row->metavar, '|') ? row->metavar : "value";
}

static void print_completion_options(const struct option_command *c, FILE *f)
{
	fprintf(f, "\t%s) options='", c->name);
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(row->commands & c->bit))
			continue;
		fprintf(f, "--%s ", row->name);
		if (row->letter)
			fprintf(f, "-%c ", row->letter);
	}
	fputs("' ;;\n", f);
}

static void print_completion_values(FILE *f)
{
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (!row->metavar || row->type == OPTION_LEVEL)
			continue;
		fputc('\t', f);
		if (row->letter)
			fprintf(f, "-%c | ", row->letter);
		fprintf(f, "--%s) action='%s' ;;\n", row->name, completion_action(row));
	}
}

void options_print_completion(FILE *f)
{
	fputs("# bash completion of synspect(8); made from the option table by `make regen`\n"
	      "_synspect()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tlocal commands='",
	    f);
	for (const struct option_command *c = option_commands; c->name; c++)
		fprintf(f, "%s%s", c == option_commands ? "" : " ", c->name);
	fputs("' options='' action=''\n\tcase ${COMP_WORDS[1]} in\n", f);
	for (const struct option_command *c = option_commands; c->name; c++)
		print_completion_options(c, f);
	fputs("\tesac\n\tcase $previous in\n", f);
	print_completion_values(f);
	fputs(
	    "\tesac\n"
	    "\tCOMPREPLY=()\n"
	    "\tcase $action in\n"
	    "\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
	    "\tinterface)\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$(ls /sys/class/net)\" -- \"$current\") ;;\n"
	    "\tuser) mapfile -t COMPREPLY < <(compgen -u -- \"$current\") ;;\n"
	    "\tvalue) ;;\n"
	    "\t'')\n"
	    "\t\tif [[ $COMP_CWORD -eq 1 ]]; then\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$current\")\n"
	    "\t\telif [[ $current == -* ]]; then\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
	    "\t\telse\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	    "\t\tfi\n"
	    "\t\t;;\n"
	    "\t*) mapfile -t COMPREPLY < <(compgen -W \"${action//|/ }\" -- \"$current\") ;;\n"
	    "\tesac\n"
	    "}\n"
	    "complete -o filenames -F _synspect synspect\n",
	    f);
}

/* A JSON string (RFC 8259 section 7). Bytes that are not ASCII pass: arguments are taken for UTF-8. */
static void print_json_string(const char *text, FILE *f)
{
	fputc('"', f);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\u%04x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

static void print_json_member(const char *key, const char *text, FILE *f)
{
	fprintf(f, ",\"%s\":", key);
	if (text)
		print_json_string(text, f);
	else
		fputs("null", f);
}

void options_print_json(FILE *f)
{
	fputs("[", f);
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		char letter[2] = {row->letter, '\0'};
		fputs(i ? ",\n{\"name\":" : "\n{\"name\":", f);
		print_json_string(row->name, f);
		print_json_member("short", row->letter ? letter : NULL, f);
		print_json_member("metavar", row->metavar, f);
		print_json_member("default", row->initial, f);
		print_json_member("min", row->min, f);
		print_json_member("max", row->max, f);
		print_json_member("group", option_group_titles[row->group], f);
		print_json_member("help", row->help, f);
		fputs(",\"commands\":[", f);
		const char *comma = "";
		for (const struct option_command *c = option_commands; c->name; c++)
			if (row->commands & c->bit) {
				fprintf(f, "%s\"%s\"", comma, c->name);
				comma = ",";
			}
		fputs("],\"aliases\":[", f);
		comma = "";
		for (const struct option_alias *a = option_aliases; a->alias; a++)
			if (strcmp(a->name, row->name) == 0) {
				fprintf(f, "%s\"%s\"", comma, a->alias);
				comma = ",";
			}
		fputs("]}", f);
	}
	fputs("\n]\n", f);
}

/* One value of a row as owned text; NULL: out of memory. */
static char *format_value(const struct option_row *row, const struct scan_config *config, size_t i)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	option_format(row, config, i, f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static size_t n_values(const struct option_row *row, const struct scan_config *config)
{
	if (row->type == OPTION_LIST)
		return ((const struct strlist *)((const char *)config + row->offset))->n;
	return 1;
}

/* Is the value a JSON number or boolean as option_format writes it? */
static bool is_json_literal(enum option_type type)
{
	return type == OPTION_TALLY || type == OPTION_U32 || type == OPTION_U64 ||
	       type == OPTION_RATE || type == OPTION_BANDWIDTH || type == OPTION_LEVEL;
}

static int print_json_value(
    const struct option_row *row, const struct scan_config *config, size_t i, FILE *f)
{
	char *text = format_value(row, config, i);
	if (!text)
		return -1;
	if (row->type == OPTION_FLAG)
		fputs(strcmp(text, "yes") == 0 ? "true" : "false", f);
	else if (is_json_literal(row->type))
		fputs(text, f);
	else
		print_json_string(text, f);
	free(text);
	return 0;
}

/* A plain value that was not given and has no default says nothing: it is left out. */
static bool has_value(const struct option_row *row, const struct scan_config *config)
{
	if (row->offset == OPTION_NO_MEMBER)
		return false;
	if (row->also_offset != OPTION_NO_MEMBER)
		return option_is_set(row, config);
	return row->type == OPTION_FLAG || row->initial || option_is_set(row, config);
}

static int print_json_config(const struct scan_config *config, unsigned command_bit, FILE *f)
{
	fputs("{\"targets\":[", f);
	for (size_t i = 0; i < config->targets.n; i++) {
		fputs(i ? "," : "", f);
		print_json_string(config->targets.v[i], f);
	}
	fputc(']', f);
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(row->commands & command_bit) || !has_value(row, config))
			continue;
		fprintf(f, ",\"%s\":%s", row->name, row->type == OPTION_LIST ? "[" : "");
		for (size_t j = 0; j < n_values(row, config); j++) {
			fputs(j ? "," : "", f);
			if (print_json_value(row, config, j, f) < 0)
				return -1;
		}
		fputs(row->type == OPTION_LIST ? "]" : "", f);
	}
	fputc('}', f);
	return 0;
}

/* In quotes, so that blanks, # and quotes survive. */
static void print_quoted(const char *text, FILE *f)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static int print_text_config(const struct scan_config *config, unsigned command_bit, FILE *f)
{
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(row->commands & command_bit) || !has_value(row, config))
			continue;
		size_t n = n_values(row, config);
		bool is_tally = row->type == OPTION_TALLY;
		if (is_tally)
			n = *(const uint32_t *)((const char *)config + row->offset);
		for (size_t j = 0; j < n; j++) {
			char *text = format_value(row, config, j);
			if (!text)
				return -1;
			fprintf(f, "%s = ", row->name);
			if (is_tally)
				fputs("yes", f);
			else if (row->type == OPTION_STRING || row->type == OPTION_LIST)
				print_quoted(text, f);
			else
				fputs(text, f);
			fputc('\n', f);
			free(text);
		}
	}
	return 0;
}

static char *dump(const struct scan_config *config, unsigned command_bit,
    int (*print)(const struct scan_config *, unsigned, FILE *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	int err = print(config, command_bit, f);
	if (fclose(f) != 0 || err < 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *config_dump_json(const struct scan_config *config, unsigned command_bit)
{
	return dump(config, command_bit, print_json_config);
}

char *config_dump_text(const struct scan_config *config, unsigned command_bit)
{
	return dump(config, command_bit, print_text_config);
}
