/* match: the first bytes of a server into a verdict. Pure, bounded, no allocation: the first byte
 * selects a short list of rules (dispatch.c), they are tried by falling rank, and the first that holds names
 * the service, unless a rule of the same rank names another. Any thread with its own scratch. The
 * verdict is that on the bytes that are there; it refuses to call settled what later bytes could
 * still turn into something else. */
#include "sig/eval.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sig_scratch_create(const struct sig_set *set, struct sig_scratch **out)
{
	(void)set;
	struct sig_scratch *scratch = calloc(1, sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	int rc = pattern_scratch_create(&scratch->pattern);
	if (rc) {
		free(scratch);
		return rc;
	}
	*out = scratch;
	return 0;
}

void sig_scratch_destroy(struct sig_scratch *scratch)
{
	if (!scratch)
		return;
	pattern_scratch_destroy(scratch->pattern);
	free(scratch);
}

/* Fills a field unless it is filled already; the first statement wins. */
static void put(struct sig_verdict *out, enum sig_field field, const void *text, size_t len)
{
	size_t i = 0;
	const char *name = sig_field_name(field);
	while (i < SIG_CAPTURES_MAX && out->captures[i].name && out->captures[i].name != name)
		i++;
	if (i == SIG_CAPTURES_MAX || out->captures[i].name || len == 0)
		return;
	if (len > SIG_CAPTURE_LEN)
		len = SIG_CAPTURE_LEN;
	if (i + 1 < SIG_CAPTURES_MAX)
		out->captures[i + 1].name = NULL;
	out->captures[i].name = name;
	out->captures[i].len = (uint8_t)len;
	memcpy(out->captures[i].text, text, len);
}

static void put_groups(struct eval *e, const struct sig_cond *cond,
    const struct pattern_span *spans, size_t span_base, struct sig_verdict *out)
{
	size_t n_groups = cond->field_of_group ? pattern_group_count(cond->pattern) : 0;
	for (size_t group = 1; group <= n_groups; group++) {
		if (cond->field_of_group[group] != SIG_FIELD_COUNT)
			put(out, (enum sig_field)cond->field_of_group[group],
			    e->bytes + span_base + spans[group].off, spans[group].len);
	}
}

static void put_assigns(struct eval *e, const struct sig_assign *assign, struct sig_verdict *out)
{
	for (; assign; assign = assign->next) {
		uint64_t value = 0;
		char text[24];
		if (assign->text) {
			put(out, assign->field, assign->text, strlen(assign->text));
			continue;
		}
		if (eval_int(e, &assign->number, &value) != TRUTH_YES)
			continue;
		snprintf(text, sizeof(text), assign->is_hex ? "0x%llx" : "%llu",
		    (unsigned long long)value);
		const char *name = text;
		for (size_t i = 0; i < assign->n_names; i++) {
			if (assign->names[i].value == value)
				name = assign->names[i].text;
		}
		put(out, assign->field, name, strlen(name));
	}
}

static bool is_undecided(enum truth truth)
{
	return truth == TRUTH_MAYBE || truth == TRUTH_SOFT;
}

/* Would the pattern search the answer in vain? */
static bool is_hopeless(const struct eval *e, const struct sig_cond *cond)
{
	if (e->is_open || cond->kind != COND_PATTERN || cond->is_negated)
		return false;
	const struct needs *needs = pattern_get_needs(cond->pattern);
	return needs->n && needs->is_behind_gap && !needs_are_in(needs, e->bytes, e->len);
}

/* Applies extracts at base 0. */
static void put_extracts(struct eval *e, const struct sig_extract *extract, struct sig_verdict *out)
{
	struct pattern_span spans[PATTERN_GROUPS_MAX + 1];
	for (; extract; extract = extract->next) {
		size_t span_base = 0;
		if (is_hopeless(e, &extract->cond))
			continue;
		e->base = 0;
		enum truth truth = eval_cond(e, &extract->cond, spans, &span_base);
		/* Later bytes could change it: from here on those that are there decide. */
		if (is_undecided(truth)) {
			eval_close(e);
			truth = eval_cond(e, &extract->cond, spans, &span_base);
		}
		if (truth != TRUTH_YES)
			continue;
		put_groups(e, &extract->cond, spans, span_base, out);
		put_assigns(e, extract->assigns, out);
	}
}

/* Fills the verdict with what the deciding rule, its file and what carries it say. */
static void put_rule(struct eval *e, const struct sig_rule *rule, struct sig_verdict *out)
{
	struct pattern_span spans[PATTERN_GROUPS_MAX + 1];
	/* Most rules only decide. What others say may stand where several conditions lead. */
	bool has_fields = rule->assigns != NULL;
	for (size_t i = 0; i < rule->n_conds; i++)
		has_fields |= rule->conds[i].field_of_group != NULL;
	e->base = 0;
	for (size_t i = 0; i < rule->n_conds && has_fields; i++) {
		const struct sig_cond *cond = &rule->conds[i];
		size_t span_base = 0;
		bool is_wanted = cond->field_of_group && !cond->is_negated;
		if (eval_cond(e, cond, is_wanted ? spans : NULL, &span_base) == TRUTH_YES &&
		    is_wanted)
			put_groups(e, cond, spans, span_base, out);
	}
	put_assigns(e, rule->assigns, out);
	put_extracts(e, rule->protocol->extracts, out);
	for (size_t i = 0; i < SIG_LAYERS_MAX && rule->carriers[i]; i++)
		put_extracts(e, rule->carriers[i]->extracts, out);
}

/* What the rules said. */
struct tally {
	const struct sig_rule *hits[SIG_CANDIDATES_MAX]; /* of the best rank, one a protocol */
	size_t n_hits;
};

static bool carries(const struct sig_rule *rule, const struct sig_protocol *protocol)
{
	for (size_t i = 0; i < SIG_LAYERS_MAX && rule->layers[i]; i++) {
		if (rule->layers[i] == protocol->name)
			return true;
	}
	return false;
}

/* Adds a rule that holds to those of the best rank. */
static void add_hit(struct tally *tally, const struct sig_rule *rule)
{
	for (size_t i = 0; i < tally->n_hits; i++) {
		if (tally->hits[i]->protocol == rule->protocol ||
		    carries(tally->hits[i], rule->protocol))
			return;
		if (carries(rule, tally->hits[i]->protocol)) {
			tally->hits[i] = rule;
			return;
		}
	}
	if (tally->n_hits < SIG_CANDIDATES_MAX)
		tally->hits[tally->n_hits++] = rule;
}

static void try_rules(struct eval *e, struct tally *tally)
{
	const struct dispatch_list *list = dispatch_find(e->set->dispatch, e->bytes, e->len);
	const struct dispatch_entry *entry = list->entries;
	for (;; entry++) {
		uint8_t min_rank = tally->n_hits ? tally->hits[0]->rank : 0;
		entry = screen_next(e, list, entry, min_rank);
		if (!entry)
			return;
		const struct sig_rule *rule = e->set->rules[entry->rule];
		enum truth truth = eval_rule(e, rule);
		if (is_undecided(truth)) {
			eval_close(e);
			truth = eval_rule(e, rule);
		}
		if (truth == TRUTH_YES)
			add_hit(tally, rule);
	}
}

void sig_match(const struct sig_set *set, struct sig_scratch *scratch,
    const struct sig_input *input, struct sig_verdict *out)
{
	struct tally tally = {.n_hits = 0};
	struct eval e;
	eval_init(&e, set, scratch, input);
	/* The captures are ten lines of cache, and a NULL ends them. */
	memset(out, 0, offsetof(struct sig_verdict, captures));
	out->captures[0].name = NULL;
	if (e.len == 0)
		return;
	try_rules(&e, &tally);
	if (tally.n_hits == 0)
		return;
	const struct sig_rule *rule = tally.hits[0];
	out->rule = rule->name;
	out->rank = rule->rank;
	out->confidence = rule->confidence;
	if (tally.n_hits > 1) {
		for (size_t i = 0; i < tally.n_hits; i++)
			out->candidates[i] = tally.hits[i]->protocol->name;
	} else if (rule->candidates[0]) {
		memcpy(out->candidates, rule->candidates, sizeof(out->candidates));
	} else {
		put_rule(&e, rule, out);
		out->protocol = rule->protocol->name;
		memcpy(out->layers, rule->layers, sizeof(out->layers));
		out->is_settled = e.is_open || e.len == SIG_DATA_MAX;
	}
}
