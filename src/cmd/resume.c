/* cmd/resume: do the options fit the checkpoint? Main thread. The digest of the target set decides in the
 * end (targets/); this says in the user's words what differs. */
#include "cmd/resume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum { SHOWN_MAX = 60 };

/* All values of a row as one text, "" when it is at its default; owned. NULL: no memory. */
static char *values_of(const struct option_row *row, const struct scan_config *config)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	const char *member = (const char *)config + row->offset;
	size_t n = row->type == OPTION_LIST ? ((const struct strlist *)(const void *)member)->n : 1;
	for (size_t i = 0; i < n && option_is_set(row, config); i++) {
		fputs(i > 0 ? " " : "", f);
		if (row->type == OPTION_FLAG)
			fputs("yes", f);
		else
			option_format(row, config, i, f);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* -ESTALE when the texts differ. */
static int compare(
    const char *path, const char *name, const char *then, const char *now, struct diag *diag)
{
	if (!then || !now)
		return diag_set(diag, -ENOMEM, "out of memory");
	if (strcmp(then, now) == 0)
		return 0;
	return diag_set(diag, -ESTALE,
	    "%s: is of a scan with %s %.*s, not %.*s: give the same again, or --resume alone", path,
	    name, SHOWN_MAX, then[0] ? then : "at its default", SHOWN_MAX,
	    now[0] ? now : "at its default");
}

static int compare_operands(
    const char *path, const struct strlist *then, const struct strlist *now, struct diag *diag)
{
	int err = 0;
	for (size_t i = 0; i < (then->n > now->n ? then->n : now->n) && !err; i++)
		err = compare(path, "TARGET", i < then->n ? then->v[i] : "",
		    i < now->n ? now->v[i] : "", diag);
	return err;
}

/* Does the option decide which target stands at which position? --max-targets only ends the order. */
static bool is_of_targets(const struct option_row *row)
{
	return row->group == OPTION_GROUP_TARGETS && (row->commands & OPTION_CMD_SCAN) &&
	       row->offset != OPTION_NO_MEMBER && strcmp(row->name, "max-targets") != 0;
}

int cmd_check_resume(const struct checkpoint *c, const char *path, const struct scan_config *config,
    struct diag *diag)
{
	struct scan_config then = {0};
	int err = config_init(&then, diag);
	if (!err)
		err = options_parse_file_text(
		    NULL, path, c->options, strlen(c->options), &then, diag);
	if (!err)
		err = compare_operands(path, &c->operands, &config->targets, diag);
	for (size_t i = 0; i < option_n_rows && !err; i++) {
		const struct option_row *row = &option_rows[i];
		char name[64];
		if (!is_of_targets(row))
			continue;
		char *was = values_of(row, &then), *is = values_of(row, config);
		snprintf(name, sizeof(name), "--%s", row->name);
		err = compare(path, name, was, is, diag);
		free(was);
		free(is);
	}
	config_fini(&then);
	return err;
}
