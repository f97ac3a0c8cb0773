/* load: the whole input into sets, before the scan starts. Main thread. Stops at the first wrong line and
 * says where it is: nothing has been sent yet, and a typing error must not become a scan. */
#include "targets/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "targets/lines.h"
#include "targets/quick.h"
#include "targets/resolve.h"

void load_format_place(const struct load_place *place, char *buf, size_t cap)
{
	char quoted[ITEM_QUOTE_LEN];
	if (place->file)
		snprintf(
		    buf, cap, "%s:%" PRIu64 ":%zu", place->file, place->line_no, place->column + 1);
	else
		snprintf(buf, cap, "target %s", item_quote(place->text, place->len, quoted));
}

/* Puts the place before what diag says. Returns err. */
static int locate(struct load_place place, size_t column, int err, struct diag *diag)
{
	char where[256];
	struct diag why = *diag;
	place.column += column;
	load_format_place(&place, where, sizeof(where));
	return diag_set(diag, err, "%s: %s", where, why.text);
}

static int visit_text(
    const struct load_place *place, load_visit_fn *fn, void *context, struct diag *diag)
{
	struct item item;
	size_t column = 0;
	int err = item_parse(place->text, place->len, &item, &column, diag);
	if (!err)
		err = fn(context, &item, place, diag);
	return err < 0 ? locate(*place, column, err, diag) : err;
}

/* The plain lines that come next, if any. */
static int visit_quick(struct lines *lines, load_visit_fn *fn, void *context, struct diag *diag)
{
	enum { BATCH = 64 };
	struct quick_line line[BATCH];
	struct load_place place = {.file = lines->reader.name};
	struct item item = {.kind = ITEM_RANGE, .prefix_len = 128};
	int err = 0;
	for (;;) {
		const char *text = lines->buf + lines->off;
		place.line_no = lines->line_no;
		size_t n = quick_lines(lines, line, BATCH);
		for (size_t i = 0; i < n && !err; i++) {
			const char *newline = memchr(text, '\n', LINES_MAX_LEN);
			place.text = text;
			place.len = (size_t)(newline - text) - (newline[-1] == '\r');
			place.line_no++;
			text = newline + 1;
			item.range.lo = item.range.hi = line[i].addr;
			item.port = line[i].port;
			err = fn(context, &item, &place, diag);
		}
		if (err)
			return err < 0 ? locate(place, 0, err, diag) : err;
		if (n < BATCH)
			return 0;
	}
}

static int visit_file(const char *path, load_visit_fn *fn, void *context, struct diag *diag)
{
	struct lines lines;
	int err = lines_open(&lines, path, diag);
	if (err)
		return err;
	for (;;) {
		struct load_place place = {.file = lines.reader.name};
		err = visit_quick(&lines, fn, context, diag);
		if (err)
			break;
		err = lines_next(&lines, true, &place.text, &place.len, diag);
		if (err <= 0)
			break;
		place.line_no = lines.line_no;
		place.column = lines.column;
		err = visit_text(&place, fn, context, diag);
		if (err)
			break;
	}
	lines_close(&lines);
	return err;
}

int load_visit(const struct targets_spec *spec, load_visit_fn *fn, void *context, struct diag *diag)
{
	int err = 0;
	for (size_t i = 0; i < spec->n_targets && !err; i++) {
		struct load_place place = {
		    .text = spec->targets[i], .len = strlen(spec->targets[i])};
		err = visit_text(&place, fn, context, diag);
	}
	for (size_t i = 0; i < spec->n_files && !err; i++)
		err = visit_file(spec->files[i], fn, context, diag);
	return err;
}

/* A host name on its way through the resolver, with the ports its item named. */
struct pending {
	struct pending *next;
	struct resolve_job *job;
	struct load_place place;
	uint16_t port;
	char *ports; /* owned, or NULL */
	char name[ITEM_QUOTE_LEN];
};

struct loader {
	const struct iid_set *iid;
	struct sets *sets;       /* where items go: here */
	struct ordered *ordered; /* or here */
	struct resolver *resolver;
	struct pending *first, **last;
};

static int put_item(struct loader *ld, const struct item *item, struct diag *diag)
{
	return ld->sets ? sets_add(ld->sets, item, diag) : ordered_add(ld->ordered, item, diag);
}

static void free_pending(struct loader *ld, struct pending *p)
{
	if (p->job)
		resolve_job_release(ld->resolver, p->job);
	free(p->ports);
	free(p);
}

static int add_name(
    struct loader *ld, const struct item *item, const struct load_place *place, struct diag *diag)
{
	struct pending *p = calloc(1, sizeof(*p));
	int err = p ? 0 : -ENOMEM;
	if (!err && !ld->resolver)
		err = resolver_create(&ld->resolver);
	if (!err && item->ports) {
		p->ports = strndup(item->ports, item->ports_len);
		err = p->ports ? 0 : -ENOMEM;
	}
	if (!err)
		err = resolver_submit(ld->resolver, item->name, item->name_len, &p->job);
	if (err) {
		if (p)
			free_pending(ld, p);
		return diag_set(diag, err, "cannot look up host names: %s", strerror(-err));
	}
	p->place = *place;
	p->port = item->port;
	item_quote(item->name, item->name_len, p->name);
	*ld->last = p;
	ld->last = &p->next;
	return 0;
}

static int add_item(
    void *context, const struct item *item, const struct load_place *place, struct diag *diag)
{
	struct loader *ld = context;
	if (item->kind == ITEM_NAME)
		return add_name(ld, item, place, diag);
	if (!ld->iid || !iid_applies(item))
		return put_item(ld, item, diag);
	long n = iid_count(ld->iid, item, diag);
	int err = n < 0 ? (int)n : 0;
	struct item piece = *item;
	for (long i = 0; i < n && !err; i++) {
		piece.range = iid_get(ld->iid, item, (size_t)i);
		err = put_item(ld, &piece, diag);
	}
	return err;
}

/* Waits for one name and adds what it stands for. */
static int add_answer(
    struct loader *ld, struct pending *p, uint64_t *n_unresolved, struct diag *diag)
{
	const struct ipaddr *addrs;
	const char *why;
	resolver_poll(ld->resolver, p->job, true);
	size_t n = resolve_job_addrs(p->job, &addrs, &why);
	if (n == 0) {
		++*n_unresolved;
		if (p->place.file)
			log_warn("%s:%" PRIu64 ": %s is left out: %s", p->place.file,
			    p->place.line_no, p->name, why);
		else
			log_warn("target %s is left out: %s", p->name, why);
	}
	struct item item = {.kind = ITEM_RANGE,
	    .prefix_len = 128,
	    .port = p->port,
	    .ports = p->ports,
	    .ports_len = p->ports ? strlen(p->ports) : 0};
	int err = 0;
	for (size_t i = 0; i < n && !err; i++) {
		item.range.lo = item.range.hi = u128_from_addr(&addrs[i]);
		err = put_item(ld, &item, diag);
	}
	if (err) {
		p->place.text = p->name;
		p->place.len = strlen(p->name);
		return locate(p->place, 0, err, diag);
	}
	return 0;
}

static int add_answers(struct loader *ld, int err, uint64_t *n_unresolved, struct diag *diag)
{
	while (ld->first) {
		struct pending *p = ld->first;
		ld->first = p->next;
		if (!err)
			err = add_answer(ld, p, n_unresolved, diag);
		free_pending(ld, p);
	}
	ld->last = &ld->first;
	return err;
}

int load_sets(const struct targets_spec *spec, const struct iid_set *iid, struct sets *sets,
    uint64_t *n_unresolved, struct diag *diag)
{
	struct diag own;
	struct loader ld = {.iid = iid, .sets = sets, .last = &ld.first};
	diag = diag ? diag : &own;
	*n_unresolved = 0;
	int err = load_visit(spec, add_item, &ld, diag);
	err = add_answers(&ld, err, n_unresolved, diag);
	resolver_destroy(ld.resolver);
	return err;
}

struct ordered_pass {
	struct loader *ld;
	bool is_first;
	uint64_t *n_unresolved;
};

/* First the names are looked up, all at once; then everything is added in its order. */
static int add_ordered_item(
    void *context, const struct item *item, const struct load_place *place, struct diag *diag)
{
	struct ordered_pass *pass = context;
	struct loader *ld = pass->ld;
	if (item->kind != ITEM_NAME)
		return pass->is_first ? 0 : add_item(ld, item, place, diag);
	if (pass->is_first)
		return add_name(ld, item, place, diag);
	struct pending *p = ld->first;
	ld->first = p->next;
	int err = add_answer(ld, p, pass->n_unresolved, diag);
	free_pending(ld, p);
	return err;
}

int load_ordered(const struct targets_spec *spec, const struct iid_set *iid,
    struct ordered *ordered, uint64_t *n_unresolved, struct diag *diag)
{
	struct diag own;
	struct loader ld = {.iid = iid, .ordered = ordered, .last = &ld.first};
	struct ordered_pass pass = {&ld, true, n_unresolved};
	diag = diag ? diag : &own;
	*n_unresolved = 0;
	int err = load_visit(spec, add_ordered_item, &pass, diag);
	pass.is_first = false;
	if (!err)
		err = load_visit(spec, add_ordered_item, &pass, diag);
	while (ld.first) {
		struct pending *p = ld.first;
		ld.first = p->next;
		free_pending(&ld, p);
	}
	resolver_destroy(ld.resolver);
	return err;
}
