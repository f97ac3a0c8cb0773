/* attempts: first and later SYNs. One sender thread owns it. No clock, no allocation while it runs.
 *
 * Which positions are due again is known from marks: "at this time the cursor in front stood here", at most
 * 256 for each delay, so that a later attempt is at most 1/256 of the delay late. Each cursor leaves marks for
 * the one behind it: where one is late, for want of tokens or because the machine stood still, those behind it
 * are too. Source of the idea that later attempts must trail: Wan et al., "On the Origin of Scanning", IMC
 * 2020 (losses come in bursts). */
#include "targets/attempts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "targets/goback.h"
#include "targets/window.h"

enum {
	MAX_ATTEMPTS = 16,
	MARKS_PER_DELAY = 256,
	DEFAULT_ANSWERED = 1 << 18,
	DEFAULT_ANSWERED_BACK = 1 << 15,
	DEFAULT_RING = 1 << 20
};

/* Positions before pos were sent at time_ns or earlier. */
struct mark {
	uint64_t pos;
	uint64_t iter_pos; /* the first iterator's position, for attempts_save() */
	int64_t first_ns;  /* when the mark was opened */
	int64_t time_ns;   /* when it was moved last */
	int64_t since_ns;  /* first attempts behind pos went out then or later */
};

/* A later attempt: where it stands and how far it may go. */
struct cursor {
	struct targets_iter it; /* of a set */
	uint64_t pos;           /* position; in a stream, number in the ring */
	uint64_t limit;         /* due up to here */
	uint64_t limit_iter_pos;
	int64_t limit_ns;       /* first attempts behind the limit went out then or later */
	uint64_t done_iter_pos; /* all before it is given out */
	int64_t done_ns;        /* first attempts behind that went out then or later */
	/* What the cursor in front left: marks_cap of them, as a ring, counted from the beginning. */
	struct mark *marks;
	uint64_t mark_begin; /* the first that is not yet due */
	uint64_t mark_end;
};

struct attempts {
	struct targets *targets;
	struct attempts_config config;
	struct targets_iter first;
	uint64_t first_pos; /* as cursor.pos */
	struct cursor later[MAX_ATTEMPTS - 1];
	uint32_t n_later;
	uint32_t turn; /* which of them is served first */

	struct mark *marks; /* of all cursors */
	size_t marks_cap;   /* of each */

	struct target *ring; /* streams with later attempts; NULL: none */

	struct goback back;

	int64_t now_ns; /* of the last attempts_next() */
	struct window answered;
	uint64_t rotate_pos; /* when the last cursor gets here, older answers are forgotten */
	enum targets_status status;
	struct attempts_counters counters;
};

/* Is anybody going to ask who has answered? */
static bool remembers_answers(const struct attempts *a)
{
	return a->n_later > 0 || a->config.goes_back;
}

static int allocate(struct attempts *a)
{
	if (!remembers_answers(a))
		return 0;
	a->marks_cap = MARKS_PER_DELAY + 4;
	a->marks = calloc(a->marks_cap * a->n_later + 1, sizeof(*a->marks));
	if (!a->marks || !window_reserve(&a->answered))
		return -ENOMEM;
	for (uint32_t k = 0; k < a->n_later; k++)
		a->later[k].marks = a->marks + k * a->marks_cap;
	if (!targets_is_stream(a->targets) || a->n_later == 0)
		return 0;
	a->ring = malloc(a->config.ring_cap * sizeof(*a->ring));
	return a->ring ? 0 : -ENOMEM;
}

/* Where the first one stands. */
static void place_cursor(const struct attempts *a, struct cursor *c)
{
	*c = (struct cursor){.it = a->first,
	    .pos = a->first_pos,
	    .limit = a->first_pos,
	    .limit_iter_pos = a->first.pos,
	    .limit_ns = INT64_MIN,
	    .done_iter_pos = a->first.pos,
	    .done_ns = INT64_MIN,
	    .marks = c->marks};
}

int attempts_create(struct targets *targets, const struct attempts_config *config,
    struct diag *diag, struct attempts **out)
{
	if (config->n_attempts > MAX_ATTEMPTS)
		return diag_set(
		    diag, -EINVAL, "%u attempts: use 1 to %d", config->n_attempts, MAX_ATTEMPTS);
	struct attempts *a = calloc(1, sizeof(*a));
	if (!a)
		return diag_set(diag, -ENOMEM, "no memory for attempts");
	a->targets = targets;
	a->config = *config;
	a->now_ns = INT64_MIN;
	a->n_later = config->n_attempts > 1 ? config->n_attempts - 1 : 0;
	a->config.goes_back = config->goes_back && !targets_is_stream(targets);
	if (a->config.answered_cap == 0)
		a->config.answered_cap = a->n_later > 0 ? DEFAULT_ANSWERED : DEFAULT_ANSWERED_BACK;
	if (a->config.ring_cap == 0)
		a->config.ring_cap = DEFAULT_RING;
	window_init(&a->answered, a->config.answered_cap);
	targets_iter_init(&a->first, targets, config->slice, config->n_slices);
	a->first_pos = a->first.pos;
	goback_init(&a->back, a->first_pos);
	for (uint32_t k = 0; k < a->n_later; k++)
		place_cursor(a, &a->later[k]);
	if (allocate(a)) {
		attempts_destroy(a);
		return diag_set(diag, -ENOMEM, "no memory for attempts");
	}
	*out = a;
	return 0;
}

void attempts_destroy(struct attempts *a)
{
	if (!a)
		return;
	window_fini(&a->answered);
	free(a->marks);
	free(a->ring);
	free(a);
}

static struct mark *mark_at(const struct attempts *a, const struct cursor *c, uint64_t i)
{
	return &c->marks[i % a->marks_cap];
}

/* The cursor in front of c has just moved to where the mark says. */
static void set_mark(struct attempts *a, struct cursor *c, const struct mark *mark)
{
	struct mark *last = c->mark_end > c->mark_begin ? mark_at(a, c, c->mark_end - 1) : NULL;
	bool is_full = c->mark_end - c->mark_begin == a->marks_cap;
	if (last &&
	    (is_full || mark->time_ns - last->first_ns <= a->config.delay_ns / MARKS_PER_DELAY)) {
		int64_t first_ns = last->first_ns;
		*last = *mark;
		last->first_ns = first_ns;
		return;
	}
	*mark_at(a, c, c->mark_end++) = *mark;
}

static void mark_first(struct attempts *a, int64_t now_ns)
{
	const struct mark mark = {a->first_pos, a->first.pos, now_ns, now_ns, now_ns};
	set_mark(a, &a->later[0], &mark);
}

/* All before it is given out, as far as is known. */
static uint64_t done_iter_pos(const struct cursor *c)
{
	return c->pos >= c->limit ? c->limit_iter_pos : c->done_iter_pos;
}

/* First attempts behind what is given out went out then or later. */
static int64_t done_ns(const struct cursor *c)
{
	return c->pos >= c->limit ? c->limit_ns : c->done_ns;
}

static void mark_later(struct attempts *a, uint32_t k, int64_t now_ns)
{
	const struct cursor *c = &a->later[k];
	const struct mark mark = {c->pos, done_iter_pos(c), now_ns, now_ns, done_ns(c)};
	if (k + 1 < a->n_later)
		set_mark(a, &a->later[k + 1], &mark);
}

/* Moves the limits to what is due, and drops the marks that were gone by. */
static void follow_marks(struct attempts *a, int64_t now_ns)
{
	int64_t due_ns = now_ns - a->config.delay_ns;
	for (uint32_t k = 0; k < a->n_later; k++) {
		struct cursor *c = &a->later[k];
		c->done_iter_pos = done_iter_pos(c);
		c->done_ns = done_ns(c);
		for (; c->mark_begin < c->mark_end; c->mark_begin++) {
			const struct mark *mark = mark_at(a, c, c->mark_begin);
			if (mark->time_ns > due_ns)
				break;
			c->limit = mark->pos;
			c->limit_iter_pos = mark->iter_pos;
			c->limit_ns = mark->since_ns;
		}
	}
	/* Answers of targets whose attempts are all out are of no use any more. Forgetting clears
	 * megabytes: only when it makes room that is needed. */
	const struct cursor *last = &a->later[a->n_later - 1];
	if (last->pos >= a->rotate_pos && a->answered.young.n > a->config.answered_cap / 2) {
		window_rotate(&a->answered);
		a->rotate_pos = a->first_pos;
	}
}

/* The next targets of a cursor up to its limit, answered ones among them. */
static size_t take_later(struct attempts *a, struct cursor *c, struct target *out, size_t n)
{
	if (a->ring) {
		size_t got = 0;
		for (; got < n && c->pos < c->limit; c->pos++)
			out[got++] = a->ring[c->pos % a->config.ring_cap];
		return got;
	}
	c->it.end = c->limit;
	c->it.status = c->pos < c->limit ? TARGETS_OK : TARGETS_END;
	size_t got = targets_iter_next(&c->it, out, n);
	c->pos = c->it.pos;
	return got;
}

enum { BATCH = 64, BATCHES_BACK = 8 };

/* Does an earlier part of the scan have its record? */
static inline bool is_recorded(const struct attempts *a, const struct target *target)
{
	return a->config.recorded &&
	       window_has(a->config.recorded, window_key(&target->addr, target->port));
}

/* Those of n targets that are to be asked again, with the attempt's number; returns how many. */
static size_t keep_silent(
    struct attempts *a, const struct target *batch, size_t n, uint16_t number, struct attempt *out)
{
	size_t got = 0;
	for (size_t i = 0; i < n; i++) {
		if (window_has(&a->answered, window_key(&batch[i].addr, batch[i].port)) ||
		    is_recorded(a, &batch[i]) ||
		    (a->ring && targets_is_excluded(a->targets, &batch[i].addr)))
			a->counters.n_spared++;
		else
			out[got++] = (struct attempt){batch[i], number};
	}
	return got;
}

static size_t next_later(
    struct attempts *a, uint32_t k, int64_t now_ns, struct attempt *out, size_t n)
{
	struct cursor *c = &a->later[k];
	uint64_t pos_before = c->pos;
	struct target batch[BATCH];
	size_t got = 0;
	while (got < n && c->pos < c->limit) {
		size_t m = take_later(a, c, batch, n - got < BATCH ? n - got : BATCH);
		got += keep_silent(a, batch, m, (uint16_t)(k + 1), out + got);
		if (m == 0)
			break;
	}
	if (c->pos != pos_before)
		mark_later(a, k, now_ns);
	a->counters.n_repeated += got;
	return got;
}

/* What is given out again. A call looks at BATCHES_BACK batches at most: where most have answered, there is
 * little to give out, and others wait. */
static size_t next_back(struct attempts *a, struct attempt *out, size_t n)
{
	struct target batch[BATCH];
	struct goback_span *span;
	size_t got = 0;
	for (int i = 0; i < BATCHES_BACK && got < n && (span = goback_get(&a->back)); i++) {
		struct targets_iter it = a->first;
		it.pos = span->pos;
		it.end = span->end;
		it.status = TARGETS_OK;
		size_t m = targets_iter_next(&it, batch, n - got < BATCH ? n - got : BATCH);
		got += keep_silent(a, batch, m, 0, out + got);
		span->pos = it.pos;
		if (span->pos >= span->end)
			goback_advance(&a->back);
	}
	a->counters.n_back += got;
	return got;
}

/* Room in the ring; without one, no limit. */
static size_t first_room(const struct attempts *a)
{
	if (!a->ring)
		return SIZE_MAX;
	const struct cursor *last = &a->later[a->n_later - 1];
	return a->config.ring_cap - (size_t)(a->first_pos - last->pos);
}

static size_t next_first(struct attempts *a, int64_t now_ns, struct attempt *out, size_t n)
{
	struct target batch[BATCH];
	uint64_t pos_before = a->first_pos;
	size_t got = 0, room = first_room(a);
	n = n < room ? n : room;
	while (got < n) {
		size_t m = targets_iter_next(&a->first, batch, n - got < BATCH ? n - got : BATCH);
		for (size_t i = 0; i < m; i++) {
			if (is_recorded(a, &batch[i])) {
				a->counters.n_recorded++;
				continue;
			}
			if (a->ring)
				a->ring[a->first_pos++ % a->config.ring_cap] = batch[i];
			out[got++] = (struct attempt){batch[i], 0};
		}
		if (!a->ring)
			a->first_pos = a->first.pos;
		if (m == 0)
			break;
	}
	a->counters.n_first += got;
	if (a->n_later > 0 && a->first_pos != pos_before)
		mark_first(a, now_ns);
	return got;
}

static bool is_later_pending(const struct attempts *a)
{
	return a->n_later > 0 && a->later[a->n_later - 1].pos < a->first_pos;
}

static bool is_later_due(const struct attempts *a)
{
	for (uint32_t k = 0; k < a->n_later; k++)
		if (a->later[k].pos < a->later[k].limit)
			return true;
	return false;
}

static enum targets_status judge(const struct attempts *a)
{
	if (is_later_due(a) || a->back.n_spans > 0)
		return TARGETS_OK;
	bool is_first_over = a->first.status == TARGETS_END || a->first.status == TARGETS_ERROR;
	if (is_first_over)
		return is_later_pending(a) ? TARGETS_WAIT : a->first.status;
	return first_room(a) == 0 ? TARGETS_WAIT : a->first.status;
}

size_t attempts_next(struct attempts *a, int64_t now_ns, struct attempt *out, size_t n)
{
	size_t got = 0;
	a->now_ns = now_ns;
	if (a->n_later > 0)
		follow_marks(a, now_ns);
	for (uint32_t i = 0; i < a->n_later && got < n; i++)
		got += next_later(a, (a->turn + i) % a->n_later, now_ns, out + got, n - got);
	a->turn++; /* so that none of several cursors starves behind another */
	if (a->config.goes_back) {
		goback_note(&a->back, now_ns, a->first_pos);
		got += next_back(a, out + got, n - got);
	}
	if (got < n)
		got += next_first(a, now_ns, out + got, n - got);
	a->status = judge(a);
	return got;
}

enum targets_status attempts_status(const struct attempts *a)
{
	return a->status;
}

int64_t attempts_next_due_ns(const struct attempts *a)
{
	int64_t due = INT64_MAX;
	for (uint32_t k = 0; k < a->n_later; k++) {
		const struct cursor *c = &a->later[k];
		if (c->pos < c->limit)
			return INT64_MIN;
		if (c->mark_begin == c->mark_end)
			continue;
		int64_t at = mark_at(a, c, c->mark_begin)->time_ns + a->config.delay_ns;
		due = at < due ? at : due;
	}
	return due;
}

void attempts_note_answered(struct attempts *a, const struct target *target)
{
	if (remembers_answers(a))
		window_add(&a->answered, window_key(&target->addr, target->port));
}

bool attempts_has_answered(const struct attempts *a, const struct target *target)
{
	return remembers_answers(a) &&
	       window_has(&a->answered, window_key(&target->addr, target->port));
}

void attempts_prefetch_answered(const struct attempts *a, const struct target *target)
{
	if (remembers_answers(a))
		WINDOW_PREFETCH(&a->answered, window_key(&target->addr, target->port));
}

void attempts_hold(struct attempts *a, int64_t from_ns)
{
	if (a->config.goes_back)
		goback_hold(&a->back, from_ns, a->first_pos);
}

void attempts_go_back(struct attempts *a, int64_t from_ns, int64_t to_ns)
{
	if (!a->config.goes_back)
		return;
	goback_add(&a->back, from_ns, to_ns, a->first_pos);
	a->status = judge(a);
}

/* The position but for what comes again. */
static uint64_t save_forward(const struct attempts *a)
{
	if (a->n_later == 0)
		return a->first.pos;
	/* A stream's position is known at marks only: the last mark that is done. */
	const struct cursor *last = &a->later[a->n_later - 1];
	if (!a->ring)
		return last->pos;
	return done_iter_pos(last);
}

void attempts_save(const struct attempts *a, struct targets_position *out)
{
	struct goback_span back;
	targets_iter_save(&a->first, out);
	out->index = save_forward(a);
	if (goback_get_earliest(&a->back, &back) && back.pos < out->index)
		out->index = back.pos;
}

int64_t attempts_get_since_ns(const struct attempts *a)
{
	int64_t since_ns = a->now_ns;
	struct goback_span back;
	if (a->n_later > 0)
		since_ns = done_ns(&a->later[a->n_later - 1]);
	if (goback_get_earliest(&a->back, &back) && back.since_ns < since_ns)
		since_ns = back.since_ns;
	return since_ns;
}

int attempts_restore(struct attempts *a, const struct targets_position *position, struct diag *diag)
{
	int err = targets_iter_restore(&a->first, position, diag);
	if (err)
		return err;
	if (!a->ring)
		a->first_pos = a->first.pos;
	goback_init(&a->back, a->first_pos);
	for (uint32_t k = 0; k < a->n_later; k++)
		place_cursor(a, &a->later[k]);
	return 0;
}

void attempts_get_counters(const struct attempts *a, struct attempts_counters *out)
{
	*out = a->counters;
}
