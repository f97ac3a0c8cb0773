/* option_file: the text of a --config file -> scan_config, line by line. Main thread. Pure but for
 * the heap; the caller reads the file. Refuses: NUL bytes, unknown names, a --config inside. */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 128 << 10 }; /* of an argument of a process: those are kept in files too */

/* Where we are, for messages. */
struct place {
	const char *path;
	size_t line;
	size_t column; /* 1-based */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int complain(const struct place *place, struct diag *diag, const char *what)
{
	return diag_set(
	    diag, -EINVAL, "%s:%zu:%zu: %s", place->path, place->line, place->column, what);
}

/* Cuts the comment (# at the start or after a blank, outside quotes) and blanks at the end. */
static void cut_comment(char *line)
{
	bool is_quoted = false;
	size_t end = 0;
	for (size_t i = 0; line[i]; i++) {
		if (line[i] == '#' && !is_quoted && (i == 0 || is_blank(line[i - 1])))
			break;
		if (line[i] == '\\' && is_quoted && line[i + 1])
			i++;
		else if (line[i] == '"')
			is_quoted = !is_quoted;
		if (!is_blank(line[i]))
			end = i + 1;
	}
	line[end] = '\0';
}

/* "a \"b\" \\ c" -> a "b" \ c, in place. Text that does not begin with a quote stays as it is. */
static int unquote(char *value, struct place *place, struct diag *diag)
{
	if (value[0] != '"')
		return 0;
	char *w = value;
	char *r = value + 1;
	for (; *r && *r != '"'; r++) {
		if (*r == '\\' && (r[1] == '"' || r[1] == '\\'))
			r++;
		*w++ = *r;
	}
	if (r[0] != '"' || r[1] != '\0') {
		place->column += (size_t)(r - value);
		return complain(
		    place, diag, r[0] ? "text behind the closing quote" : "no closing quote");
	}
	*w = '\0';
	return 0;
}

/* A flag's value: none, yes, no. Returns 1 to set it, 0 to leave it. */
static int read_flag(const char *value, struct place *place, struct diag *diag)
{
	if (!value || strcmp(value, "yes") == 0 || strcmp(value, "true") == 0)
		return 1;
	if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0)
		return 0;
	return complain(place, diag, "a flag is yes or no");
}

/* The line for a name that is no option. */
static int refuse_name(const char *name, const struct place *place, struct diag *diag)
{
	const char **names = calloc(option_n_rows + 1, sizeof(*names));
	if (!names)
		return diag_set(diag, -ENOMEM, "out of memory");
	for (size_t i = 0; i < option_n_rows; i++)
		names[i] = option_rows[i].name;
	const char *near = option_nearest(name, names);
	free(names);
	return diag_set(diag, -EINVAL, "%s:%zu:%zu: '%.64s' is no option%s%s%s", place->path,
	    place->line, place->column, name, near ? ": did you mean " : ": see --help",
	    near ? near : "", near ? "?" : "");
}

static int take_setting(const struct option_command *command, const char *name, char *value,
    struct place *name_at, struct place *value_at, struct scan_config *config, struct diag *diag)
{
	const struct option_row *row = option_find(name);
	if (!row)
		return refuse_name(name, name_at, diag);
	if (row->type == OPTION_ACTION)
		return complain(name_at, diag, "belongs on the command line, not in a file");
	struct scan_config scratch = {0};
	bool is_ours = !command || (row->commands & command->bit);
	int err = 0;
	int is_wanted = 1;
	if (row->type == OPTION_FLAG || row->type == OPTION_TALLY) {
		is_wanted = read_flag(value, value_at, diag);
		if (is_wanted < 0)
			return is_wanted;
		value = NULL;
	} else if (row->type == OPTION_LEVEL && value && strcmp(value, "yes") == 0) {
		value = NULL;
	} else if (!value && row->type != OPTION_LEVEL) {
		return diag_set(diag, -EINVAL, "%s:%zu:%zu: %s needs a value: %s = %s",
		    name_at->path, name_at->line, name_at->column, row->name, row->name,
		    row->metavar);
	}
	struct diag why = {""};
	if (is_wanted)
		err = option_set(row, value, is_ours ? config : &scratch, &why);
	config_fini(&scratch);
	if (err < 0)
		diag_set(diag, err, "%s:%zu:%zu: %s: %s", value_at->path, value_at->line,
		    value_at->column, row->name, why.text);
	return err;
}

static int take_line(const struct option_command *command, const char *path, size_t line_no,
    char *line, struct scan_config *config, struct diag *diag)
{
	cut_comment(line);
	size_t start = 0;
	while (is_blank(line[start]))
		start++;
	if (!line[start])
		return 0;
	struct place name_at = {path, line_no, start + 1};
	struct place value_at = name_at;
	char *name = line + start;
	char *equals = strchr(name, '=');
	char *value = NULL;
	char *name_end = equals ? equals : name + strlen(name);
	if (equals) {
		value = equals + 1;
		while (is_blank(*value))
			value++;
		value_at.column = (size_t)(value - line) + 1;
		int err = unquote(value, &value_at, diag);
		if (err < 0)
			return err;
	}
	while (name_end > name && is_blank(name_end[-1]))
		name_end--;
	*name_end = '\0';
	if (name_end == name)
		return complain(&name_at, diag, "no name before '='");
	return take_setting(command, name, value, &name_at, &value_at, config, diag);
}

int options_parse_file_text(const struct option_command *command, const char *path,
    const char *text, size_t len, struct scan_config *config, struct diag *diag)
{
	const char *end = text + len;
	for (size_t line_no = 1; text < end; line_no++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline ? newline : end) - text);
		struct place place = {path, line_no, 1};
		if (line_len >= LINE_MAX_LEN)
			return complain(&place, diag, "line longer than 131071 bytes");
		const char *nul = memchr(text, '\0', line_len);
		if (nul) {
			place.column = (size_t)(nul - text) + 1;
			return complain(&place, diag, "NUL byte: this is not a text file");
		}
		char line[LINE_MAX_LEN];
		memcpy(line, text, line_len);
		line[line_len] = '\0';
		int err = take_line(command, path, line_no, line, config, diag);
		if (err < 0)
			return err;
		text += line_len + (newline ? 1 : 0);
	}
	return 0;
}
