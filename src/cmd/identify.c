/* cmd/identify: names recorded answers, one JSON object a line in and one out. Main thread; sends
 * nothing. A malformed line is reported with its number, counted, and does not stop the rest. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/diag.h"
#include "base/log.h"
#include "out/json.h"
#include "out/record_values.h"
#include "sig/sig.h"

enum { LINE_LEN_MAX = 1024 * 1024, ASKED_LEN_MAX = 1024, REPORTED_MAX = 20 };

struct identify {
	const char *path; /* for messages */
	FILE *in;
	char *line; /* LINE_LEN_MAX bytes */
	char *text; /* RECORD_LINE_MAX bytes of output */
	size_t line_no;
	size_t n_read;
	size_t n_bad;
	struct sig_set *set;
	struct sig_scratch *scratch;
	struct result *result; /* what record_values reads */
	struct sig_probe asked;
	uint8_t asked_bytes[ASKED_LEN_MAX];
};

/* What the answer is made of; absent values print nothing. */
static const enum field_id printed[] = {FIELD_protocol, FIELD_confidence, FIELD_layers,
    FIELD_candidates, FIELD_product, FIELD_version, FIELD_details, FIELD_rule};

/* The probe that had been sent: its name, or its bytes in base64. */
static int read_probe(struct identify *id, const struct json_object *object, struct diag *diag,
    const struct sig_probe **out)
{
	size_t len = 0;
	const char *name = json_object_get_string(object, "probe", &len);
	*out = NULL;
	if (!name || len == 0)
		return 0;
	*out = strlen(name) == len ? sig_set_find_probe(id->set, name) : NULL;
	if (*out)
		return 0;
	ptrdiff_t n = base64_decode(name, len, id->asked_bytes, sizeof(id->asked_bytes));
	if (n <= 0)
		return diag_set(diag, -EINVAL, "probe: neither the name of a probe nor base64");
	*out = sig_set_find_probe_bytes(id->set, id->asked_bytes, (size_t)n);
	if (!*out) {
		id->asked = (struct sig_probe){.id = SIG_PROBE_NONE,
		    .name = "",
		    .protocol = "",
		    .bytes = id->asked_bytes,
		    .len = (size_t)n};
		*out = &id->asked;
	}
	return 0;
}

/* Fills id->result with the data and what the signatures say about it. */
static int judge(struct identify *id, const struct json_object *object, struct diag *diag)
{
	struct result *result = id->result;
	size_t len = 0;
	int64_t port = 0;
	const struct sig_probe *probe = NULL;
	const char *data = json_object_get_string(object, "data", &len);
	if (!data)
		data = json_object_get_string(object, "data_b64", &len);
	if (!data)
		return diag_set(diag, -EINVAL, "no data: expected the answer in base64");
	size_t max_len = sizeof(result->data) / 3 * 4;
	ptrdiff_t n =
	    base64_decode(data, len < max_len ? len : max_len, result->data, sizeof(result->data));
	if (n < 0)
		return diag_set(diag, -EINVAL, "data: not base64");
	if (json_object_get_int(object, "port", &port) && (port < 0 || port > 65535))
		return diag_set(diag, -EINVAL, "port: expected 0 to 65535");
	int rc = read_probe(id, object, diag, &probe);
	if (rc)
		return rc;
	struct sig_input input = {.bytes = result->data,
	    .len = (size_t)n,
	    .probe = probe,
	    .is_server_first = probe == NULL,
	    .port = (uint16_t)port};
	sig_match(id->set, id->scratch, &input, &result->verdict);
	result->outcome = result->verdict.protocol ? OUTCOME_IDENTIFIED : OUTCOME_UNIDENTIFIED;
	result->data_len = (uint16_t)n;
	return 0;
}

static int print_answer(struct identify *id, const struct json_object *object)
{
	struct record_view view = {.result = id->result};
	struct text t = text_make(id->text, RECORD_LINE_MAX);
	char *name = json_object_print(object, "id");
	if (json_object_has(object, "id") && !name)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
		struct record_value value;
		const struct field_row *row = fields_get_row(printed[i]);
		if (!record_get_value(&view, printed[i], &value))
			continue;
		text_puts(&t, ",\"");
		text_puts(&t, row->key);
		text_puts(&t, "\":");
		record_put_json_value(&t, &view, row->type, &value);
	}
	printf("{\"id\":%s%.*s}\n", name ? name : "null", (int)t.len, t.p);
	free(name);
	return ferror(stdout) ? -EIO : 0;
}

static void report(struct identify *id, const struct diag *diag)
{
	if (id->n_bad++ < REPORTED_MAX)
		log_error("%s:%zu: %s", id->path, id->line_no, diag->text);
}

/* One line of len bytes. Returns 0 also when it is malformed; negative stops. */
static int run_line(struct identify *id, size_t len)
{
	struct diag diag = {""};
	struct json_object *object = NULL;
	int rc = json_object_parse(id->line, len, &diag, &object);
	rc = rc ? rc : judge(id, object, &diag);
	rc = rc ? rc : print_answer(id, object);
	json_object_destroy(object);
	if (rc != -EINVAL)
		return rc;
	report(id, &diag);
	return 0;
}

static bool is_blank(const char *line, size_t len)
{
	return strspn(line, " \t\r\n") >= len;
}

/* Reads one line into id->line; the rest of one that is too long is passed over. Returns false at
 * the end. */
static bool read_line(struct identify *id, size_t *len, bool *is_cut)
{
	int c = EOF;
	*len = 0;
	*is_cut = false;
	while ((c = getc_unlocked(id->in)) != EOF && c != '\n') {
		if (*len < LINE_LEN_MAX - 1)
			id->line[(*len)++] = (char)c;
		else
			*is_cut = true;
	}
	id->line[*len] = '\0';
	id->line_no++;
	return c != EOF || *len > 0;
}

static int run_lines(struct identify *id)
{
	size_t len = 0;
	bool is_cut = false;
	int rc = 0;
	while (!rc && read_line(id, &len, &is_cut)) {
		if (is_blank(id->line, len))
			continue;
		id->n_read++;
		if (is_cut) {
			struct diag diag;
			diag_set(&diag, 0, "longer than %d bytes", LINE_LEN_MAX);
			report(id, &diag);
		} else {
			rc = run_line(id, len);
		}
	}
	return rc ? rc : ferror(id->in) ? -EIO : 0;
}

static int open_all(struct identify *id, const struct scan_config *config, struct diag *diag)
{
	static const char *const no_dirs[1];
	const struct strlist *dirs = &config->signature_dirs;
	id->line = malloc(LINE_LEN_MAX);
	id->text = malloc(RECORD_LINE_MAX);
	id->result = calloc(1, sizeof(*id->result));
	int rc = id->line && id->text && id->result ? 0 : -ENOMEM;
	rc = rc ? rc
		: sig_set_create(dirs->n ? (const char *const *)dirs->v : no_dirs, dirs->n, NULL,
		      diag, &id->set);
	return rc ? rc : sig_scratch_create(id->set, &id->scratch);
}

static void close_all(struct identify *id)
{
	sig_scratch_destroy(id->scratch);
	sig_set_destroy(id->set);
	free(id->result);
	free(id->text);
	free(id->line);
	if (id->in && id->in != stdin)
		fclose(id->in);
}

int cmd_identify(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	struct identify id = {.path = operands.n ? operands.v[0] : "-"};
	bool is_stdin = strcmp(id.path, "-") == 0;
	int status = CMD_EXIT_FAILED;
	id.in = is_stdin ? stdin : fopen(id.path, "re");
	if (is_stdin)
		id.path = "standard input";
	if (!id.in) {
		diag_set(diag, 0, "%s: %s", id.path, strerror(errno));
		return CMD_EXIT_FAILED;
	}
	int rc = open_all(&id, config, diag);
	if (rc == -ENOMEM)
		diag_set(diag, 0, "out of memory");
	if (rc) {
		status = rc == -ENOMEM ? CMD_EXIT_FAILED : CMD_EXIT_USAGE;
		goto out;
	}
	rc = run_lines(&id);
	if (fflush(stdout) != 0 || rc)
		diag_set(diag, 0, "%s: %s",
		    rc == -ENOMEM ? "out of memory" : "cannot read or write",
		    strerror(rc ? -rc : errno));
	else if (id.n_bad)
		diag_set(
		    diag, 0, "%s: %zu of %zu lines are malformed", id.path, id.n_bad, id.n_read);
	else
		status = CMD_EXIT_COMPLETE;
out:
	close_all(&id);
	return status;
}
