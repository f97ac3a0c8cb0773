/* cmd/signatures: lists, shows and tests signature files. Main thread; the only packets it knows are
 * vectors. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "sig/check.h"

static const char *const no_dirs[1];

static int open_set(const struct scan_config *config, struct diag *diag, struct sig_set **set)
{
	const struct strlist *dirs = &config->signature_dirs;
	return sig_set_create(
	    dirs->n ? (const char *const *)dirs->v : no_dirs, dirs->n, config->contact, diag, set);
}

/* A JSON string (RFC 8259 section 7); signature files are ASCII or UTF-8 text. */
static void print_json_string(const char *text)
{
	putchar('"');
	for (const char *p = text ? text : ""; *p; p++) {
		if (*p == '"' || *p == '\\')
			putchar('\\');
		if ((unsigned char)*p < 0x20)
			printf("\\u%04x", (unsigned)(unsigned char)*p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void print_json_strings(const char *const *list, size_t n)
{
	putchar('[');
	for (size_t i = 0; i < n && list[i]; i++) {
		if (i)
			putchar(',');
		print_json_string(list[i]);
	}
	putchar(']');
}

static void print_json(const struct sig_protocol_view *view)
{
	printf("{\"name\":");
	print_json_string(view->name);
	printf(",\"title\":");
	print_json_string(view->title);
	printf(",\"file\":");
	print_json_string(view->file);
	printf(",\"ports\":");
	print_json_string(view->ports);
	printf(",\"speaks_first\":%s,\"layers\":", view->speaks_first ? "true" : "false");
	print_json_strings(view->layers, SIG_LAYERS_MAX);
	printf(",\"probes\":");
	print_json_strings(view->probes, view->n_probes);
	printf(",\"rules\":%zu,\"vectors\":%zu}\n", view->n_rules, view->n_vectors);
}

/* Names separated by commas, or "-". */
static void join(const char *const *names, size_t n, char *out, size_t size)
{
	size_t len = 0;
	snprintf(out, size, "-");
	for (size_t i = 0; i < n && len < size; i++) {
		int add = snprintf(out + len, size - len, "%s%s", i ? "," : "", names[i]);
		len += add > 0 ? (size_t)add : 0;
	}
}

static int list(const struct scan_config *config, struct diag *diag)
{
	struct sig_set *set = NULL;
	int rc = open_set(config, diag, &set);
	if (rc)
		return CMD_EXIT_USAGE;
	if (!config->json)
		printf(
		    "%-20s %-28s %-24s %5s %7s\n", "NAME", "PORTS", "PROBES", "RULES", "VECTORS");
	for (size_t i = 0; i < sig_set_protocol_count(set); i++) {
		struct sig_protocol_view view;
		char probes[256];
		sig_set_view_protocol(set, i, &view);
		join(view.probes, view.n_probes, probes, sizeof(probes));
		if (config->json)
			print_json(&view);
		else
			printf("%-20s %-28.28s %-24s %5zu %7zu\n", view.name,
			    view.ports[0] ? view.ports : "-", probes, view.n_rules, view.n_vectors);
	}
	sig_set_destroy(set);
	return CMD_EXIT_COMPLETE;
}

static int show(const struct scan_config *config, const char *name, struct diag *diag)
{
	struct sig_set *set = NULL;
	bool is_found = false;
	if (open_set(config, diag, &set))
		return CMD_EXIT_USAGE;
	for (size_t i = 0; i < sig_set_protocol_count(set) && !is_found; i++) {
		struct sig_protocol_view view;
		sig_set_view_protocol(set, i, &view);
		is_found = strcmp(view.name, name) == 0;
		if (is_found)
			fwrite(view.text, 1, view.text_len, stdout);
	}
	sig_set_destroy(set);
	if (is_found)
		return CMD_EXIT_COMPLETE;
	diag_set(diag, 0, "%s: no such protocol: see synspect signatures list", name);
	return CMD_EXIT_FAILED;
}

static void print_failure(void *arg, const char *text)
{
	(void)arg;
	printf("%s\n", text);
}

/* Adds the directories' files and then the one under test, and tries the vectors of all: a new file
 * may take what belongs to another. */
static int test(const struct scan_config *config, const char *path, struct diag *diag)
{
	const char *protocol = NULL;
	struct sig_set *set = NULL;
	struct sig_check_result all;
	struct sig_check_result own;
	size_t n_clashes = 0;
	const struct strlist *dirs = &config->signature_dirs;
	int rc = sig_set_open(config->contact, diag, &set);
	for (size_t i = 0; i < dirs->n && !rc; i++)
		rc = sig_set_add_dir(set, dirs->v[i], config->contact, diag);
	rc = rc ? rc : sig_set_add_file(set, path, config->contact, diag, &protocol);
	rc = rc ? rc : sig_set_finish(set, diag);
	rc = rc ? rc : sig_check_ports(set, print_failure, NULL, &n_clashes);
	rc = rc ? rc : sig_check_vectors(set, NULL, print_failure, NULL, &all);
	rc = rc ? rc : sig_check_vectors(set, protocol, NULL, NULL, &own);
	if (rc)
		goto out;
	printf(
	    "%s: %zu of %zu vectors hold", protocol, own.n_vectors - own.n_failed, own.n_vectors);
	if (all.n_failed > own.n_failed)
		printf(", %zu of other protocols do not", all.n_failed - own.n_failed);
	if (own.n_vectors == 0)
		printf(": a file without vectors proves nothing");
	printf("\n");
	if (own.n_vectors == 0 || all.n_failed || n_clashes)
		rc = -EINVAL;
out:
	sig_set_destroy(set);
	return rc ? CMD_EXIT_FAILED : CMD_EXIT_COMPLETE;
}

int cmd_signatures(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	const char *verb = operands.n ? operands.v[0] : "list";
	int status = CMD_EXIT_USAGE;
	if (strcmp(verb, "list") == 0 && operands.n <= 1)
		status = list(config, diag);
	else if (strcmp(verb, "show") == 0 && operands.n == 2)
		status = show(config, operands.v[1], diag);
	else if (strcmp(verb, "test") == 0 && operands.n == 2)
		status = test(config, operands.v[1], diag);
	else
		diag_set(diag, 0, "signatures: expected list, show NAME or test FILE");
	if (fflush(stdout) != 0 && status == CMD_EXIT_COMPLETE) {
		diag_set(diag, 0, "cannot write to standard output: %s", strerror(errno));
		return CMD_EXIT_FAILED;
	}
	return status;
}
