/* stream: targets from input that is read while they are probed. One lock: of several sender threads one
 * at a time reads a block. Never blocks and never stops for a wrong line, which is counted; what it
 * cannot go on after (a damaged archive, a read error) ends it with a sentence, after everything before.
 *
 * Lines pass through in their order. While a host name is being looked up, up to LOOK_AHEAD lines behind
 * it are read, so that names resolve together; their targets still come out in the order of the lines,
 * because shards and positions count targets. */
#include "targets/stream.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "targets/dedup.h"
#include "targets/internal.h"
#include "targets/item.h"
#include "targets/lines.h"
#include "targets/load.h"
#include "targets/quick.h"
#include "targets/resolve.h"

enum { LOOK_AHEAD = 256, MAX_WARNINGS = 10, WORK_PER_CALL = 1 << 16 };

/* Plain lines parsed together, so that the memory their targets need is on its way. */
enum { PARSE_AHEAD = 32 };

/* Ports of one address up to which each is remembered as a pair. */
enum { MAX_PAIRS_PER_LINE = 64 };

/* One line, parsed: what it names until it is its turn. */
struct entry {
	struct item item;          /* text pointers are not valid */
	struct port_set *ports;    /* a list of its own, owned, or NULL */
	struct resolve_job *job;   /* a host name, owned, or NULL */
	struct load_place place;   /* file and line_no are valid */
	char name[ITEM_QUOTE_LEN]; /* of a host, for messages */
};

/* How the targets of the current range are checked for having been there. */
enum check { CHECK_NONE, CHECK_OWN_PORT, CHECK_ALL, CHECK_AND_ADD };

/* The range whose targets are yielded now. */
struct expansion {
	struct range range;
	const struct port_set *ports; /* NULL: one */
	uint16_t one;
	uint64_t index, n; /* targets */
	enum check check;
	bool is_permuted;
	bool is_remembered; /* to be added to dedup at its end */
	struct permute perm;
};

struct stream {
	pthread_mutex_t lock;
	struct targets *targets;
	struct port_set *ports; /* -p, or NULL */
	struct prefix_set excluded;
	bool is_mixed;

	size_t n_args_done, n_files_done;
	struct lines lines;
	bool is_open;
	int input_end; /* 1: not reached; 0: the end; negative: an error */
	struct entry ring[LOOK_AHEAD];
	size_t ring_first, ring_n;
	size_t n_names; /* entries in the ring that are host names */
	struct resolver *resolver;

	struct entry *entry; /* the current one: the first of the ring; NULL: none */
	/* which part of it is next */
	size_t addr_i, n_addrs, piece_i, n_pieces;
	struct expansion now;
	bool has_now;

	struct dedup dedup;
	uint64_t pos;  /* of the next target; excluded ones have one too, so that exclusions may
	                       change while shards and positions stay what they are */
	uint64_t skip; /* before this, nothing is given out */
	uint64_t n_allowed; /* not excluded so far */
	bool is_filtered;   /* the caller knows newer exclusions than excluded */
	enum targets_status status;
	struct diag error;
	uint64_t n_warnings;
};

/* ---- Lines to entries ----------------------------------------------------------------------------- */

static void warn_line(struct stream *s, const char *text)
{
	atomic_fetch_add_explicit(&s->targets->n_bad_lines, 1, memory_order_relaxed);
	if (s->n_warnings < MAX_WARNINGS)
		log_warn("%s: left out", text);
	if (++s->n_warnings == MAX_WARNINGS)
		log_warn("further wrong lines are only counted");
}

static void warn_item(
    struct stream *s, struct load_place place, size_t column, const struct diag *why)
{
	char where[256];
	struct diag full;
	place.column += column;
	load_format_place(&place, where, sizeof(where));
	diag_set(&full, 0, "%s: %s", where, why->text);
	warn_line(s, full.text);
}

static void entry_fini(struct stream *s, struct entry *e)
{
	port_set_destroy(e->ports);
	e->ports = NULL;
	if (e->job)
		resolve_job_release(s->resolver, e->job);
	e->job = NULL;
}

static int start_lookup(struct stream *s, struct entry *e, struct diag *diag)
{
	if (!s->resolver && resolver_create(&s->resolver))
		return diag_set(diag, -ENOMEM, "no memory to look up host names");
	item_quote(e->item.name, e->item.name_len, e->name);
	int err = resolver_submit(s->resolver, e->item.name, e->item.name_len, &e->job);
	return err ? diag_set(diag, err, "%s: cannot be looked up: %s", e->name, strerror(-err))
		   : 0;
}

/* Text to an entry. -EINVAL: diag says what is wrong with it. */
static int parse_entry(struct stream *s, const struct load_place *place, struct entry *e,
    size_t *column, struct diag *diag)
{
	e->ports = NULL;
	e->job = NULL;
	e->place = *place;
	int err = item_parse(place->text, place->len, &e->item, column, diag);
	if (err)
		return err;
	if (!e->item.port && !e->item.ports && !s->ports)
		return diag_set(diag, -EINVAL, "no port is named: write ADDRESS:PORT or give -p");
	if (e->item.ports)
		err = port_set_parse(e->item.ports, e->item.ports_len, diag, &e->ports);
	if (!err && e->item.kind == ITEM_NAME)
		err = start_lookup(s, e, diag);
	if (err)
		entry_fini(s, e);
	return err;
}

/* The next line or argument that says something. 1, 0 at the end, -EAGAIN, or an error. */
static int find_text(struct stream *s, struct load_place *place)
{
	const struct targets_spec *spec = &s->targets->spec;
	if (s->n_args_done < spec->n_targets) {
		const char *text = spec->targets[s->n_args_done++];
		*place = (struct load_place){.text = text, .len = strlen(text)};
		return 1;
	}
	for (;;) {
		if (!s->is_open) {
			if (s->n_files_done == spec->n_files)
				return 0;
			int err = lines_open(&s->lines, spec->files[s->n_files_done], &s->error);
			if (err)
				return err;
			s->is_open = true;
			s->n_files_done++;
		}
		struct diag why = {""};
		int got = lines_next(&s->lines, false, &place->text, &place->len, &why);
		if (got == 1) {
			place->file = s->lines.reader.name;
			place->line_no = s->lines.line_no;
			place->column = s->lines.column;
			return 1;
		}
		if (got == -EILSEQ) {
			warn_line(s, why.text);
			continue;
		}
		if (got < 0) {
			s->error = why;
			return got;
		}
		lines_close(&s->lines);
		s->is_open = false;
	}
}

/* The same; the end and errors are final. */
static int next_text(struct stream *s, struct load_place *place)
{
	if (s->input_end != 1)
		return s->input_end;
	int got = find_text(s, place);
	if (got != 1 && got != -EAGAIN)
		s->input_end = got;
	return got;
}

/* The next right entry, looking past wrong ones. 1, 0, -EAGAIN, or an error. */
static int read_entry(struct stream *s, struct entry *e)
{
	for (;;) {
		struct load_place place = {0};
		struct diag why = {""};
		size_t column = 0;
		int got = next_text(s, &place);
		if (got != 1)
			return got;
		int err = parse_entry(s, &place, e, &column, &why);
		if (!err)
			return 1;
		if (err == -ENOMEM) {
			s->error = why;
			s->input_end = err;
			return err;
		}
		warn_item(s, place, column, &why);
	}
}

/* Makes the next entry in order the current one, after filling the ring behind it. 1, 0, -EAGAIN, or an
 * error. */
static int next_entry(struct stream *s)
{
	int got = 1;
	while (s->ring_n < (s->n_names > 0 ? LOOK_AHEAD : 1)) {
		struct entry *e = &s->ring[(s->ring_first + s->ring_n) % LOOK_AHEAD];
		got = read_entry(s, e);
		if (got != 1)
			break; /* comes up again when the ring is empty */
		s->ring_n++;
		s->n_names += e->job != NULL;
	}
	if (s->ring_n == 0)
		return got;
	struct entry *head = &s->ring[s->ring_first];
	if (head->job && !resolver_poll(s->resolver, head->job, false))
		return -EAGAIN;
	s->entry = head;
	return 1;
}

static void end_entry(struct stream *s)
{
	s->n_names -= s->entry->job != NULL;
	entry_fini(s, s->entry);
	s->entry = NULL;
	s->ring_first = (s->ring_first + 1) % LOOK_AHEAD;
	s->ring_n--;
}

/* ---- Entries to ranges ---------------------------------------------------------------------------- */

static bool is_single(const struct range *range)
{
	return u128_eq(range->lo, range->hi);
}

/* How many targets the range has; false and a warning for more than a stream takes. */
static bool count_range(
    struct stream *s, const struct range *range, uint32_t n_ports, uint64_t *out)
{
	const struct targets_spec *spec = &s->targets->spec;
	struct u128 n_less_1 = u128_sub(range->hi, range->lo);
	bool is_careful = spec->n_exclude_files > 0 || spec->no_exclude;
	struct diag why;
	if (n_less_1.hi != 0 || n_less_1.lo >= UINT64_MAX / n_ports) {
		diag_set(&why, 0,
		    "more than 2^64-1 targets in one line of a stream: give it as a TARGET "
		    "with --max-targets");
	} else if (n_less_1.lo >= 1 << 24 && !is_careful) {
		diag_set(&why, 0,
		    "more than 2^24 addresses and no exclude file: give -X FILE or --no-exclude");
	} else {
		*out = (n_less_1.lo + 1) * n_ports;
		return true;
	}
	char where[256];
	struct diag full;
	load_format_place(&s->entry->place, where, sizeof(where));
	diag_set(&full, 0, "%s: %s", where, why.text);
	warn_line(s, full.text);
	return false;
}

/* Makes range the one whose targets come next. false: it has been there, or is refused. */
static bool begin_range(struct stream *s, struct range range)
{
	struct expansion *x = &s->now;
	const struct port_set *own = s->entry->ports;
	x->range = range;
	x->one = s->entry->item.port;
	x->ports = x->one ? NULL : own ? own : s->ports;
	x->index = 0;
	x->is_permuted = false;
	x->is_remembered = false;
	x->check = CHECK_NONE;
	if (is_single(&range) && !own) {
		struct target target = {.addr = u128_to_addr(range.lo), .port = x->one};
		x->n = x->one ? 1 : x->ports->n;
		bool is_old = x->one ? dedup_test_and_add_pair(&s->dedup, &target)
				     : dedup_test_and_add_bare(&s->dedup, &target.addr);
		if (is_old)
			atomic_fetch_add_explicit(
			    &s->targets->n_duplicates, x->n, memory_order_relaxed);
		else if (!x->one)
			x->check = CHECK_OWN_PORT;
		return !is_old;
	}
	if (!count_range(s, &range, x->ports ? x->ports->n : 1, &x->n))
		return false;
	if (is_single(&range) && x->ports->n <= MAX_PAIRS_PER_LINE) {
		x->check = CHECK_AND_ADD;
		return true;
	}
	x->check = dedup_may_overlap(&s->dedup, &range) ? CHECK_ALL : CHECK_NONE;
	x->is_remembered = true;
	x->is_permuted = s->is_mixed;
	if (x->is_permuted)
		permute_init(&x->perm, x->n, s->targets->spec.seed);
	return true;
}

static void end_range(struct stream *s)
{
	struct expansion *x = &s->now;
	s->has_now = false;
	if (!x->is_remembered)
		return;
	struct port_set *list = NULL;
	char text[8];
	struct target port = {.port = x->one};
	if (x->one) {
		size_t len = 0;
		for (uint32_t unit = 10000; unit > 0; unit /= 10)
			text[len++] = (char)('0' + port.port / unit % 10);
		if (port_set_parse(text, len, NULL, &list))
			return;
	}
	dedup_add_range(&s->dedup, &x->range, list ? list : s->entry->ports);
	port_set_destroy(list);
}

/* The current entry is what was just read. */
static void begin_entry(struct stream *s)
{
	s->addr_i = s->piece_i = 0;
	s->n_addrs = s->n_pieces = 1;
	if (s->entry->job) {
		const struct ipaddr *addrs;
		const char *why;
		s->n_addrs = resolve_job_addrs(s->entry->job, &addrs, &why);
		if (s->n_addrs > 0)
			return;
		atomic_fetch_add_explicit(&s->targets->n_unresolved, 1, memory_order_relaxed);
		if (s->n_warnings < MAX_WARNINGS)
			log_warn("%s is left out: %s", s->entry->name, why);
		if (++s->n_warnings == MAX_WARNINGS)
			log_warn("further wrong lines are only counted");
		return;
	}
	if (!s->targets->has_iid || !iid_applies(&s->entry->item))
		return;
	struct diag why;
	long n = iid_count(&s->targets->iid, &s->entry->item, &why);
	if (n < 0)
		warn_item(s, s->entry->place, 0, &why);
	s->n_pieces = n < 0 ? 0 : (size_t)n;
}

/* Lets go of an entry whose ranges have all been given out. */
static void end_if_done(struct stream *s)
{
	if (s->entry && (s->piece_i == s->n_pieces || s->addr_i == s->n_addrs))
		end_entry(s);
}

/* The next range of the current entry, or of the next one. 1, 0, -EAGAIN, or an error. */
static int next_range(struct stream *s)
{
	for (;;) {
		end_if_done(s);
		if (!s->entry) {
			int got = next_entry(s);
			if (got != 1)
				return got;
			begin_entry(s);
			continue;
		}
		struct range range = s->entry->item.range;
		if (s->entry->job) {
			const struct ipaddr *addrs;
			const char *why;
			resolve_job_addrs(s->entry->job, &addrs, &why);
			range.lo = range.hi = u128_from_addr(&addrs[s->addr_i++]);
		} else {
			if (s->targets->has_iid && iid_applies(&s->entry->item))
				range = iid_get(&s->targets->iid, &s->entry->item, s->piece_i);
			s->piece_i++;
		}
		s->has_now = begin_range(s, range);
		if (s->has_now)
			return 1;
	}
}

/* ---- Ranges to targets ---------------------------------------------------------------------------- */

static bool was_there(struct stream *s, const struct target *target)
{
	switch (s->now.check) {
	case CHECK_NONE:
		break;
	case CHECK_OWN_PORT:
		return dedup_has_own_port(&s->dedup, target);
	case CHECK_ALL:
		return dedup_has(&s->dedup, target);
	case CHECK_AND_ADD:
		return dedup_test_and_add_pair(&s->dedup, target);
	}
	return false;
}

/* The next target of the current range. false: it is left out. */
static bool next_target(struct stream *s, struct target *out)
{
	struct expansion *x = &s->now;
	uint64_t i = x->is_permuted ? permute_index(&x->perm, x->index) : x->index;
	x->index++;
	uint32_t n_ports = x->ports ? x->ports->n : 1;
	uint64_t off = n_ports > 1 ? i / n_ports : i;
	out->addr = u128_to_addr(u128_add_u64(x->range.lo, off));
	out->port = x->ports ? x->ports->list[i - off * n_ports] : x->one;
	if (was_there(s, out)) {
		atomic_fetch_add_explicit(&s->targets->n_duplicates, 1, memory_order_relaxed);
		return false;
	}
	/* Inside a wide IPv6 range the IPv4-mapped addresses are not IPv6 targets. */
	return !(ipaddr_is_v4(&out->addr) && !u128_is_v4(x->range.lo));
}

/* A target that is there for the first time gets its position. Is it to be given out? */
static inline bool admit(struct stream *s, struct u128 addr, uint64_t *n_excluded)
{
	const struct targets *t = s->targets;
	uint64_t pos = s->pos++;
	if (!s->is_filtered && prefix_set_contains(&s->excluded, addr)) {
		++*n_excluded;
		return false;
	}
	s->n_allowed++;
	return pos >= s->skip && (t->spec.n_shards == 1 || pos % t->spec.n_shards == t->spec.shard);
}

static void count_excluded(struct stream *s, uint64_t n)
{
	if (n > 0)
		atomic_fetch_add_explicit(&s->targets->n_excluded, n, memory_order_relaxed);
}

/* ---- The fast lane -------------------------------------------------------------------------------- */

/* Is nothing under way but lines of a file? */
static bool is_plain(struct stream *s)
{
	if (!s->has_now)
		end_if_done(s);
	return s->is_open && !s->has_now && !s->entry && s->ring_n == 0 && s->input_end == 1;
}

/* Lines that are nothing but an address, or an address and a port, in the order and with the checks that
 * all others get (begin_range(), next_target()). Gives out up to n (at most PARSE_AHEAD); *n_lines is how
 * many it has looked at: 0 when the next one is of another kind. */
static size_t next_plain(struct stream *s, struct target *out, size_t n, size_t *n_lines)
{
	struct quick_line line[PARSE_AHEAD];
	struct ipaddr addr[PARSE_AHEAD];
	const struct targets *t = s->targets;
	uint16_t one = s->ports && s->ports->n == 1 ? s->ports->list[0] : 0;
	size_t got = 0, off = s->lines.off, k;
	uint64_t n_duplicates = 0, n_excluded = 0;
	n = t->main.end - s->n_allowed < n ? (size_t)(t->main.end - s->n_allowed) : n;
	*n_lines = quick_lines(&s->lines, line, n);
	for (k = 0; k < *n_lines && (line[k].port || one); k++) {
		addr[k] = u128_to_addr(line[k].addr);
		WINDOW_PREFETCH(&s->dedup.window, window_key(&addr[k], line[k].port));
	}
	if (k < *n_lines) { /* it stands for many ports: back to it, another time */
		s->lines.off = off;
		s->lines.line_no -= *n_lines;
		*n_lines = k > 0 ? quick_lines(&s->lines, line, k) : 0;
	}
	for (k = 0; k < *n_lines; k++) {
		struct target target = {addr[k], line[k].port ? line[k].port : one};
		bool is_old = line[k].port ? dedup_test_and_add_pair(&s->dedup, &target)
					   : dedup_test_and_add_bare(&s->dedup, &addr[k]) ||
						 dedup_has_own_port(&s->dedup, &target);
		if (is_old)
			n_duplicates++;
		else if (admit(s, line[k].addr, &n_excluded))
			out[got++] = target;
	}
	if (n_duplicates > 0)
		atomic_fetch_add_explicit(
		    &s->targets->n_duplicates, n_duplicates, memory_order_relaxed);
	count_excluded(s, n_excluded);
	return got;
}

/* ---- All together --------------------------------------------------------------------------------- */

static enum targets_status status_of(int got)
{
	if (got == 0)
		return TARGETS_END;
	return got == -EAGAIN ? TARGETS_WAIT : TARGETS_ERROR;
}

size_t stream_next(
    struct stream *s, struct targets_iter *it, bool is_filtered, struct target *out, size_t n)
{
	const struct targets *t = s->targets;
	size_t got = 0;
	pthread_mutex_lock(&s->lock);
	it->status = s->status;
	s->is_filtered = is_filtered;
	for (size_t work = 0; got < n && work < n + WORK_PER_CALL && it->status == TARGETS_OK;
	     work++) {
		if (s->n_allowed >= t->main.end) {
			s->status = it->status = TARGETS_END;
			break;
		}
		size_t n_lines = 0;
		if (is_plain(s))
			got += next_plain(
			    s, out + got, n - got < PARSE_AHEAD ? n - got : PARSE_AHEAD, &n_lines);
		if (n_lines > 0) {
			work += n_lines - 1;
			continue;
		}
		if (!s->has_now) {
			int err = next_range(s);
			if (err != 1) {
				it->status = status_of(err);
				if (it->status != TARGETS_WAIT)
					s->status = it->status;
				break;
			}
		}
		bool is_new = next_target(s, &out[got]);
		if (s->now.index == s->now.n)
			end_range(s);
		if (!is_new)
			continue;
		uint64_t n_excluded = 0;
		got += admit(s, u128_from_addr(&out[got].addr), &n_excluded);
		count_excluded(s, n_excluded);
	}
	it->pos = s->pos > s->skip ? s->pos : s->skip;
	pthread_mutex_unlock(&s->lock);
	return got;
}

void stream_skip_to(struct stream *s, uint64_t position)
{
	pthread_mutex_lock(&s->lock);
	if (position > s->skip)
		s->skip = position;
	pthread_mutex_unlock(&s->lock);
}

int stream_poll_fd(struct stream *s)
{
	pthread_mutex_lock(&s->lock);
	/* While a name is being looked up there is nothing to poll. */
	int fd =
	    s->is_open && s->ring_n == 0 && !s->lines.reader.is_regular ? s->lines.reader.fd : -1;
	pthread_mutex_unlock(&s->lock);
	return fd;
}

const char *stream_error(const struct stream *s)
{
	return s->error.text;
}

int stream_create(struct targets *t, struct prefix_set *excluded, bool is_mixed, struct diag *diag,
    struct stream **out)
{
	struct stream *s = calloc(1, sizeof(*s));
	if (!s || pthread_mutex_init(&s->lock, NULL)) {
		free(s);
		return diag_set(diag, -ENOMEM, "no memory for targets");
	}
	s->targets = t;
	s->is_mixed = is_mixed;
	s->input_end = 1;
	s->excluded = *excluded;
	prefix_set_init(excluded);
	struct diag why;
	int err = 0;
	if (t->spec.ports)
		err = port_set_parse(t->spec.ports, strlen(t->spec.ports), &why, &s->ports);
	if (err)
		diag_set(diag, err, "--ports: %s", why.text);
	dedup_init(&s->dedup, s->ports);
	/* A file that cannot be opened is an error now, not in the middle of the scan. */
	if (!err && t->spec.n_files > 0) {
		err = lines_open(&s->lines, t->spec.files[0], diag);
		s->is_open = !err;
		s->n_files_done = 1;
	}
	if (err) {
		stream_destroy(s);
		return err;
	}
	*out = s;
	return 0;
}

void stream_destroy(struct stream *s)
{
	if (!s)
		return;
	if (s->is_open)
		lines_close(&s->lines);
	for (size_t i = 0; i < s->ring_n; i++)
		entry_fini(s, &s->ring[(s->ring_first + i) % LOOK_AHEAD]);
	resolver_destroy(s->resolver);
	dedup_fini(&s->dedup);
	port_set_destroy(s->ports);
	prefix_set_fini(&s->excluded);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
