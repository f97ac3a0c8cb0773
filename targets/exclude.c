/* exclude: what must not be probed, and which line says so. Main thread. A file that cannot be read
 * entirely, down to a host name that does not resolve, is an error: an exclusion that is silently lost
 * harms a stranger. */
#include "targets/exclude.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "targets/item.h"
#include "targets/lines.h"
#include "targets/resolve.h"

struct special {
	const char *prefix;
	const char *name;
	const char *source;
	bool is_excluded;
};

static const struct special specials[] = {
#define SPECIAL(prefix, name, source, is_excluded) {prefix, name, source, is_excluded},
#include "targets/special.def"
#undef SPECIAL
};

enum { N_SPECIALS = sizeof(specials) / sizeof(specials[0]) };

static struct item special_item(size_t i)
{
	struct item item;
	int err = item_parse(specials[i].prefix, strlen(specials[i].prefix), &item, NULL, NULL);
	assert(err == 0); /* our own table */
	(void)err;
	return item;
}

/* Where an exclusion stands, for messages and for --explain. */
struct place {
	const char *file; /* NULL: the command line */
	uint64_t line_no;
	const char *text;
	size_t len;
};

typedef int visit_fn(void *context, const struct range *range, const struct place *place);

struct visit {
	visit_fn *fn;
	void *context;
	struct resolver *resolver;
	struct diag *diag;
};

static void format_place(const struct place *place, size_t column, char *buf, size_t cap)
{
	char quoted[ITEM_QUOTE_LEN];
	if (place->file)
		snprintf(buf, cap, "%s:%" PRIu64 ":%zu", place->file, place->line_no, column + 1);
	else
		snprintf(buf, cap, "exclude %s", item_quote(place->text, place->len, quoted));
}

static int visit_name(struct visit *v, const struct item *item, const struct place *place)
{
	char where[256], quoted[ITEM_QUOTE_LEN];
	format_place(place, 0, where, sizeof(where));
	item_quote(item->name, item->name_len, quoted);
	struct resolve_job *job;
	if (!v->resolver && resolver_create(&v->resolver))
		return diag_set(v->diag, -ENOMEM, "%s: no memory to look up %s", where, quoted);
	int err = resolver_submit(v->resolver, item->name, item->name_len, &job);
	if (err)
		return diag_set(v->diag, err, "%s: cannot look up %s", where, quoted);
	resolver_poll(v->resolver, job, true);
	const struct ipaddr *addrs;
	const char *why;
	size_t n = resolve_job_addrs(job, &addrs, &why);
	if (n == 0)
		err = diag_set(v->diag, -EADDRNOTAVAIL,
		    "%s: the excluded host %s cannot be looked up (%s): name its address", where,
		    quoted, why);
	for (size_t i = 0; i < n && !err; i++) {
		struct u128 addr = u128_from_addr(&addrs[i]);
		err = v->fn(v->context, &(struct range){addr, addr}, place);
	}
	resolve_job_release(v->resolver, job);
	return err;
}

static int visit_text(struct visit *v, const struct place *place, size_t column0)
{
	struct item item;
	struct diag why;
	char where[256];
	size_t column = 0;
	int err = item_parse(place->text, place->len, &item, &column, &why);
	if (!err && (item.port || item.ports))
		err = diag_set(
		    &why, -EINVAL, "an exclusion is of whole addresses: leave out the port");
	if (err) {
		format_place(place, column0 + column, where, sizeof(where));
		return diag_set(v->diag, err, "%s: %s", where, why.text);
	}
	if (item.kind == ITEM_NAME)
		return visit_name(v, &item, place);
	return v->fn(v->context, &item.range, place);
}

static int visit_file(struct visit *v, const char *path)
{
	struct lines lines;
	int err = lines_open(&lines, path, v->diag);
	if (err)
		return err;
	for (;;) {
		struct place place = {.file = lines.reader.name};
		err = lines_next(&lines, true, &place.text, &place.len, v->diag);
		if (err <= 0)
			break;
		place.line_no = lines.line_no;
		err = visit_text(v, &place, lines.column);
		if (err)
			break;
	}
	lines_close(&lines);
	return err;
}

/* Calls fn for each exclusion that the user gave; an error or a positive return of fn ends it. */
static int visit_all(const struct targets_spec *spec, struct visit *v)
{
	int err = 0;
	for (size_t i = 0; i < spec->n_excludes && !err; i++) {
		struct place place = {.text = spec->excludes[i], .len = strlen(spec->excludes[i])};
		err = visit_text(v, &place, 0);
	}
	for (size_t i = 0; i < spec->n_exclude_files && !err; i++)
		err = visit_file(v, spec->exclude_files[i]);
	resolver_destroy(v->resolver);
	return err;
}

struct build {
	struct prefix_set *set;
	struct diag *diag;
};

static int add_range(void *context, const struct range *range, const struct place *place)
{
	struct build *b = context;
	(void)place;
	return prefix_set_add(b->set, *range)
		   ? diag_set(b->diag, -ENOMEM, "no memory for exclusions")
		   : 0;
}

/* Adds the built-in list: shorter prefixes first, so that the longest row decides. */
static int add_specials(struct prefix_set *set)
{
	int err = 0;
	for (unsigned len = 0; len <= 128 && !err; len++) {
		for (size_t i = 0; i < N_SPECIALS && !err; i++) {
			struct item item = special_item(i);
			if (item.prefix_len != len)
				continue;
			if (specials[i].is_excluded) {
				err = prefix_set_add(set, item.range);
				continue;
			}
			struct prefix_set hole, left;
			prefix_set_init(&hole);
			prefix_set_init(&left);
			err = prefix_set_add(&hole, item.range);
			prefix_set_normalize(set);
			if (!err)
				err = prefix_set_subtract(set, &hole, &left);
			prefix_set_fini(&hole);
			prefix_set_fini(set);
			*set = left;
		}
	}
	return err;
}

int exclude_build(const struct targets_spec *spec, struct diag *diag, struct prefix_set *out)
{
	struct build build = {out, diag};
	struct visit v = {.fn = add_range, .context = &build, .diag = diag};
	prefix_set_init(out);
	int err = spec->allow_reserved ? 0 : add_specials(out);
	if (err)
		diag_set(diag, err, "no memory for exclusions");
	if (!err)
		err = visit_all(spec, &v);
	if (!err) {
		prefix_set_normalize(out);
		err = prefix_set_index(out);
		if (err)
			diag_set(diag, err, "no memory for exclusions");
	}
	if (err)
		prefix_set_fini(out);
	return err;
}

struct search {
	struct u128 addr;
	char *text;
	size_t cap;
};

static int match(void *context, const struct range *range, const struct place *place)
{
	struct search *s = context;
	if (u128_lt(s->addr, range->lo) || u128_lt(range->hi, s->addr))
		return 0;
	char line[ITEM_QUOTE_LEN];
	item_quote(place->text, place->len, line);
	if (place->file)
		snprintf(s->text, s->cap, "%s:%" PRIu64 ": %s", place->file, place->line_no, line);
	else
		snprintf(s->text, s->cap, "--exclude %s", line);
	return 1;
}

/* The longest row that holds addr, or NULL. */
static const struct special *find_special(struct u128 addr)
{
	const struct special *best = NULL;
	unsigned best_len = 0;
	for (size_t i = 0; i < N_SPECIALS; i++) {
		struct item item = special_item(i);
		bool is_in = u128_le(item.range.lo, addr) && u128_le(addr, item.range.hi);
		if (is_in && (!best || item.prefix_len > best_len)) {
			best = &specials[i];
			best_len = item.prefix_len;
		}
	}
	return best;
}

int exclude_explain(
    const struct targets_spec *spec, struct u128 addr, struct diag *diag, char *text, size_t cap)
{
	struct search search = {addr, text, cap};
	struct visit v = {.fn = match, .context = &search, .diag = diag};
	text[0] = '\0';
	int found = visit_all(spec, &v);
	if (found != 0)
		return found;
	const struct special *row = find_special(addr);
	if (!row)
		return 0;
	bool is_excluded = row->is_excluded && !spec->allow_reserved;
	snprintf(text, cap, "%s %s, %s, %s%s",
	    is_excluded ? "built-in exclusion" : "special-purpose space", row->prefix, row->name,
	    row->source, is_excluded ? "; --allow-reserved lifts it" : "");
	return is_excluded;
}
