/* record_recall: JSON records of which parts came before. Writer thread; no allocation after creation. Refuses
 * to guess: a text is recalled by everything that it is a function of (base/repeats.h), which test_record_recall
 * proves by changing each byte of a result. */
#include "out/record_recall.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/repeats.h"
#include "out/record_values.h"

/* What the text of a field is a function of. */
enum part {
	PART_RESULT, /* of anything in the result: written each time */
	PART_NAMING, /* of the verdict, the outcome and what was sent */
	PART_ANSWER, /* of the server's bytes, and whether they are all */
	PART_GEO,    /* of what the databases know: nothing without them */
};

static const uint8_t part_of[FIELD_COUNT] = {
    [FIELD_outcome] = PART_NAMING,
    [FIELD_protocol] = PART_NAMING,
    [FIELD_confidence] = PART_NAMING,
    [FIELD_rule] = PART_NAMING,
    [FIELD_layers] = PART_NAMING,
    [FIELD_candidates] = PART_NAMING,
    [FIELD_product] = PART_NAMING,
    [FIELD_version] = PART_NAMING,
    [FIELD_details] = PART_NAMING,
    [FIELD_probe] = PART_NAMING,
    [FIELD_probes_sent] = PART_NAMING,
    [FIELD_data] = PART_ANSWER,
    [FIELD_data_truncated] = PART_ANSWER,
    [FIELD_banner] = PART_ANSWER,
    [FIELD_country] = PART_GEO,
    [FIELD_city] = PART_GEO,
    [FIELD_lat] = PART_GEO,
    [FIELD_lon] = PART_GEO,
    [FIELD_asn] = PART_GEO,
    [FIELD_as_org] = PART_GEO,
};

/* Fields beside each other that are a function of one thing. */
struct run {
	uint8_t part; /* enum part */
	uint8_t n;
	const uint8_t *ids; /* into the list */
};

/* Texts of most namings are shorter; those of all answers that are recalled fit: base64 takes 4 bytes for 3, a
 * byte of the banner at most 5. */
enum {
	NAMING_BITS = 5,
	NAMING_KEY_MAX = 384,
	NAMING_TEXT_MAX = 768,
	ANSWER_BITS = 5,
	ANSWER_KEY_MAX = 1024,
	ANSWER_TEXT_MAX = ANSWER_KEY_MAX / 3 * 4 + 5 * RECORD_BANNER_MAX + 80,
};

/* Where nothing has come twice for long, looking for it is for nothing: it is looked for now and then. */
enum { MISSES_MAX = 64, SELDOM = 16 };

/* What one kind of run was written as, and whether it pays to ask. */
struct shelf {
	struct repeats *texts;
	unsigned n_missed; /* in a row */
	unsigned n_passed; /* by, since */
};

/* A run as text; len 0: it did not fit. */
struct piece {
	size_t len;
	char text[];
};

struct record_recall {
	struct field_list list;
	size_t n_runs;
	struct run runs[FIELD_COUNT];
	struct shelf namings, answers;
};

/* Cuts the list into runs. A field alone is not worth being looked up. */
static void find_runs(struct record_recall *recall)
{
	const struct field_list *list = &recall->list;
	for (size_t i = 0, end; i < list->n; i = end) {
		uint8_t part = part_of[list->ids[i]];
		for (end = i + 1; end < list->n && part_of[list->ids[end]] == part;)
			end++;
		recall->runs[recall->n_runs++] = (struct run){
		    .part = end - i == 1 && part != PART_GEO ? (uint8_t)PART_RESULT : part,
		    .n = (uint8_t)(end - i),
		    .ids = &list->ids[i]};
	}
}

int record_recall_create(const struct field_list *list, struct record_recall **out)
{
	struct record_recall *recall = calloc(1, sizeof(*recall));
	if (!recall)
		return -ENOMEM;
	recall->list = *list;
	find_runs(recall);
	int err = repeats_create(NAMING_BITS, NAMING_KEY_MAX,
	    sizeof(struct piece) + NAMING_TEXT_MAX, &recall->namings.texts);
	if (!err)
		err = repeats_create(ANSWER_BITS, ANSWER_KEY_MAX,
		    sizeof(struct piece) + ANSWER_TEXT_MAX, &recall->answers.texts);
	if (err) {
		record_recall_destroy(recall);
		return err;
	}
	*out = recall;
	return 0;
}

void record_recall_destroy(struct record_recall *recall)
{
	if (!recall)
		return;
	repeats_destroy(recall->namings.texts);
	repeats_destroy(recall->answers.texts);
	free(recall);
}

/* What was written since start, for the next time. */
static void keep(struct piece *piece, size_t text_max, const struct text *t, size_t start)
{
	size_t len = t->len - start;
	piece->len = len <= text_max && !t->is_full ? len : 0;
	memcpy(piece->text, t->p + start, piece->len);
}

static bool is_worth_asking(struct shelf *shelf)
{
	return shelf->n_missed < MISSES_MAX || shelf->n_passed++ % SELDOM == 0;
}

/* Writes the run, of which key has everything that it is a function of. */
static void put_recalled(struct shelf *shelf, const struct repeats_key *key, size_t text_max,
    struct text *t, const struct record_view *view, const struct run *run)
{
	bool is_known;
	struct piece *piece = repeats_find(shelf->texts, key, &is_known);
	shelf->n_missed = is_known ? 0 : shelf->n_missed + (shelf->n_missed < MISSES_MAX);
	if (is_known && piece->len > 0) {
		text_put(t, piece->text, piece->len);
		return;
	}
	size_t start = t->len;
	record_put_json_fields(t, view, run->ids, run->n);
	if (piece && !is_known)
		keep(piece, text_max, t, start);
}

/* Names are the same when their addresses are. */
struct naming_key {
	const char *protocol;
	const char *rule;
	const char *layers[SIG_LAYERS_MAX];
	const char *candidates[SIG_CANDIDATES_MAX];
	const char *probe_name;
	uint32_t confidence; /* its bits */
	uint8_t outcome;
	uint8_t n_probes_sent;
	uint8_t zeros[2];
};

struct capture_key {
	const char *name;
	size_t len;
};

enum { CAPTURE_KEY_MAX = sizeof(struct capture_key) + SIG_CAPTURE_LEN };

_Static_assert(
    sizeof(struct naming_key) == (3 + SIG_LAYERS_MAX + SIG_CANDIDATES_MAX) * sizeof(char *) + 8,
    "no padding");

/* What a naming is a function of, in out: its length. */
static size_t make_naming_key(const struct record_view *view,
    uint8_t out[sizeof(struct naming_key) + SIG_CAPTURES_MAX * CAPTURE_KEY_MAX])
{
	const struct sig_verdict *verdict = &view->result->verdict;
	struct naming_key key = {.protocol = verdict->protocol,
	    .rule = verdict->rule,
	    .probe_name = view->probe_name,
	    .outcome = view->result->outcome,
	    .n_probes_sent = view->result->n_probes_sent};
	memcpy(key.layers, verdict->layers, sizeof(key.layers));
	memcpy(key.candidates, verdict->candidates, sizeof(key.candidates));
	memcpy(&key.confidence, &verdict->confidence, sizeof(key.confidence));
	memcpy(out, &key, sizeof(key));
	uint8_t *p = out + sizeof(key);
	for (size_t i = 0; i < SIG_CAPTURES_MAX && verdict->captures[i].name; i++) {
		const struct sig_capture *c = &verdict->captures[i];
		struct capture_key head = {
		    c->name, c->len < SIG_CAPTURE_LEN ? c->len : SIG_CAPTURE_LEN};
		memcpy(p, &head, sizeof(head));
		p += sizeof(head);
		memcpy(p, c->text, SIG_CAPTURE_LEN); /* all of it: one move, not a call */
		p += head.len;
	}
	return (size_t)(p - out);
}

static void put_naming(struct record_recall *recall, struct text *t, const struct record_view *view,
    const struct run *run)
{
	uint8_t bytes[sizeof(struct naming_key) + SIG_CAPTURES_MAX * CAPTURE_KEY_MAX];
	struct repeats_key key = {.bytes = bytes,
	    .len = make_naming_key(view, bytes),
	    .tags = {(uint64_t)(run - recall->runs)}};
	put_recalled(&recall->namings, &key, NAMING_TEXT_MAX, t, view, run);
}

static void put_answer(struct record_recall *recall, struct text *t, const struct record_view *view,
    const struct run *run)
{
	const struct result *r = view->result;
	struct repeats_key key = {.bytes = r->data,
	    .len = r->data_len,
	    .tags = {(uint64_t)(run - recall->runs), r->is_truncated}};
	put_recalled(&recall->answers, &key, ANSWER_TEXT_MAX, t, view, run);
}

/* Writes a run that may have come before, if asking is worth it. */
static bool put_known(struct record_recall *recall, struct text *t, const struct record_view *view,
    const struct run *run)
{
	if (run->part == PART_NAMING && is_worth_asking(&recall->namings))
		put_naming(recall, t, view, run);
	else if (run->part == PART_ANSWER && is_worth_asking(&recall->answers))
		put_answer(recall, t, view, run);
	else
		return false;
	return true;
}

void record_recall_put_json(
    struct record_recall *recall, struct text *t, const struct record_view *view)
{
	size_t start = t->len;
	for (const struct run *run = recall->runs; run < recall->runs + recall->n_runs; run++) {
		bool is_void = run->part == PART_GEO && !view->geo;
		if (!is_void && !put_known(recall, t, view, run))
			record_put_json_fields(t, view, run->ids, run->n);
	}
	record_end_json(t, start);
}
