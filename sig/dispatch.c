/* dispatch: which rules an answer is worth. A list for each first byte, and for beginnings that many
 * rules share ("HTTP/1.") one of their own, without the rules that such a beginning refutes. Made once,
 * when a set is built. It refuses nothing that could hold: a list only leaves out what evaluation would
 * call false. */
#include "sig/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sig/eval.h"

enum {
	START_LEN_MIN = 4,
	START_RULES_MIN = 8, /* so many rules must share a beginning for it to get a list */
};

/* ---- the first byte ---- */

static void mark(uint8_t set[32], unsigned byte)
{
	set[byte / 8] |= (uint8_t)(1u << byte % 8);
}

/* By how many bits the first byte of a big-endian field is shifted; -1: other kinds. */
static int first_shift_of(enum sig_int_kind kind)
{
	switch (kind) {
	case INT_U8:
		return 0;
	case INT_BE16:
		return 8;
	case INT_BE24:
		return 16;
	case INT_BE32:
		return 24;
	case INT_BE64:
		return 56;
	case INT_LE16:
	case INT_LE24:
	case INT_LE32:
	case INT_LE64:
	case INT_HEX2:
	case INT_HEX4:
	case INT_HEX8:
	case INT_KIND_COUNT:
		break;
	}
	return -1;
}

/* Marks the first bytes of fields whose value lies in lo..hi. */
static void mark_range(uint8_t set[32], uint64_t lo, uint64_t hi, int shift)
{
	for (uint64_t byte = lo >> shift; byte <= hi >> shift && byte < 256; byte++)
		mark(set, (unsigned)byte);
}

static bool first_bytes_of_int(const struct sig_cond *cond, uint8_t set[32])
{
	const struct sig_int *number = &cond->number;
	int shift = first_shift_of(number->kind);
	bool is_plain = number->mask == UINT64_MAX && number->mul == 1 && number->add == 0;
	if (shift == 0) {
		for (unsigned byte = 0; byte < 256; byte++) {
			uint64_t value =
			    (byte & number->mask) * number->mul + (uint64_t)number->add;
			for (size_t k = 0; k < cond->n_ranges; k++) {
				if (value >= cond->ranges[k].lo && value <= cond->ranges[k].hi)
					mark(set, byte);
			}
		}
		return true;
	}
	for (size_t k = 0; shift > 0 && is_plain && k < cond->n_ranges; k++)
		mark_range(set, cond->ranges[k].lo, cond->ranges[k].hi, shift);
	return shift > 0 && is_plain;
}

/* A length field of 32 bits begins with a zero or a one, or it says more than a message has. */
static bool first_bytes_of_length(const struct sig_cond *cond, uint8_t set[32])
{
	const struct sig_int *number = &cond->number;
	int shift = first_shift_of(number->kind);
	if (number->off != 0 || shift < 24 || number->mask != UINT64_MAX || number->mul == 0)
		return false;
	uint64_t slack = number->add < 0 ? (uint64_t)-number->add : 0;
	mark_range(set, 0, SIG_MESSAGE_MAX + slack, shift);
	return true;
}

/* Which first bytes one condition at base 0 allows; false: it says nothing about them. */
static bool first_bytes_of(const struct sig_cond *cond, uint8_t set[32])
{
	memset(set, 0, 32);
	if (cond->is_negated)
		return false;
	if (cond->kind == COND_PATTERN) {
		pattern_first_bytes(cond->pattern, set);
		return true;
	}
	if (cond->kind == COND_BER || cond->kind == COND_BER_SKIP) {
		mark(set, cond->tag);
		return true;
	}
	if (cond->kind == COND_AT && cond->off == 0) {
		for (size_t k = 0; k < cond->n_literals; k++) {
			const struct sig_literal *literal = &cond->literals[k];
			unsigned mask = literal->mask ? literal->mask[0] : 0xff;
			for (unsigned byte = 0; byte < 256; byte++) {
				unsigned got = literal->is_nocase && byte >= 'A' && byte <= 'Z'
						   ? byte | 0x20
						   : byte;
				if ((got & mask) == (literal->bytes[0] & mask))
					mark(set, byte);
			}
		}
		return true;
	}
	if (cond->number.off == 0 && cond->kind == COND_INT)
		return first_bytes_of_int(cond, set);
	return cond->kind == COND_LENGTH && first_bytes_of_length(cond, set);
}

static void first_bytes_of_rule(const struct sig_rule *rule, uint8_t set[32])
{
	memset(set, 0xff, 32);
	for (size_t i = 0; i < rule->n_conds; i++) {
		const struct sig_cond *cond = &rule->conds[i];
		uint8_t one[32];
		if (first_bytes_of(cond, one)) {
			for (size_t k = 0; k < 32; k++)
				set[k] &= one[k];
		}
		if (sig_cond_is_moving(cond))
			return;
	}
}

/* ---- lists ---- */

/* A list of the rules for which keep[id] is set, for answers whose first n_known bytes are known; start as in
 * screen_make(). NULL: no memory. */
static const struct dispatch_list *make_list(
    struct sig_set *set, const bool *keep, const uint8_t *start, size_t n_known)
{
	size_t n = 0;
	for (size_t i = 0; i < set->n_rules; i++)
		n += keep[i];
	struct dispatch_list *list = arena_alloc(&set->arena, sizeof(*list));
	struct dispatch_entry *entries = arena_alloc(&set->arena, (n + 1) * sizeof(*entries));
	if (!list || !entries)
		return NULL;
	n = 0;
	for (size_t i = 0; i < set->n_rules; i++) {
		if (keep[i])
			screen_make(
			    set, set->rules[i], start, n_known, &list->finder, &entries[n++]);
	}
	entries[n] = (struct dispatch_entry){.rule = DISPATCH_END};
	for (size_t i = 0; i < n; i++) {
		list->reach = entries[i].end > list->reach ? entries[i].end : list->reach;
		list->has_waiting |= entries[i].is_waiting;
	}
	list->entries = entries;
	return list;
}

static int list_first_bytes(struct sig_set *set, uint8_t (*first)[32], bool *keep)
{
	const struct dispatch_list *list = NULL;
	for (size_t i = 0; i < set->n_rules; i++)
		first_bytes_of_rule(set->rules[i], first[i]);
	for (unsigned byte = 0; byte < 256; byte++) {
		bool is_other = !list;
		for (size_t i = 0; i < set->n_rules; i++) {
			bool is_kept = first[i][byte / 8] >> byte % 8 & 1;
			is_other |= keep[i] != is_kept;
			keep[i] = is_kept;
		}
		/* Many neighbours have the same. */
		if (is_other)
			list = make_list(set, keep, NULL, 1);
		if (!list)
			return -ENOMEM;
		set->dispatch->by_first[byte].list = list;
	}
	return 0;
}

/* Is the rule false for everything that begins so, whatever had been asked? */
static bool is_refuted(struct eval *e, const struct sig_rule *rule)
{
	e->base = 0;
	for (size_t i = 0; i < rule->n_conds && !sig_cond_is_moving(&rule->conds[i]); i++) {
		enum sig_cond_kind kind = rule->conds[i].kind;
		if (kind == COND_FIRST || kind == COND_ANSWERS || kind == COND_ASKED ||
		    kind == COND_ECHO)
			continue;
		if (eval_cond(e, &rule->conds[i], NULL, NULL) == TRUTH_NO)
			return true;
	}
	return false;
}

static int add_start(
    struct sig_set *set, struct sig_scratch *scratch, const struct sig_literal *literal, bool *keep)
{
	struct sig_input input = {.bytes = literal->bytes, .len = literal->len};
	struct dispatch_start *start = arena_alloc(&set->arena, sizeof(*start));
	if (!start)
		return -ENOMEM;
	memset(keep, 0, set->n_rules * sizeof(*keep));
	const struct dispatch_entry *all = set->dispatch->by_first[literal->bytes[0]].list->entries;
	for (; all->rule != DISPATCH_END; all++) {
		struct eval e;
		eval_init(&e, set, scratch, &input);
		keep[all->rule] = !is_refuted(&e, set->rules[all->rule]);
	}
	*start = (struct dispatch_start){.bytes = literal->bytes,
	    .len = literal->len,
	    .list = make_list(set, keep, literal->bytes, literal->len)};
	struct dispatch_start **at = &set->dispatch->by_first[literal->bytes[0]].starts;
	while (*at && (*at)->len > start->len)
		at = &(*at)->next;
	start->next = *at;
	*at = start;
	return start->list ? 0 : -ENOMEM;
}

/* The literal that the rule must begin with, or NULL. */
static const struct sig_literal *start_of(const struct sig_rule *rule)
{
	const struct sig_cond *cond = &rule->conds[0];
	bool is_start = rule->n_conds && cond->kind == COND_AT && cond->off == 0 &&
			!cond->is_negated && cond->n_literals == 1;
	const struct sig_literal *literal = is_start ? &cond->literals[0] : NULL;
	bool is_plain = literal && !literal->mask && !literal->is_nocase;
	return is_plain && literal->len >= START_LEN_MIN ? literal : NULL;
}

static bool is_same(const struct sig_literal *a, const struct sig_literal *b)
{
	return a && b && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int list_starts(struct sig_set *set, struct sig_scratch *scratch, bool *keep)
{
	for (size_t i = 0; i < set->n_rules; i++) {
		const struct sig_literal *start = start_of(set->rules[i]);
		size_t n_before = 0;
		size_t n = 0;
		for (size_t k = 0; start && k < set->n_rules; k++) {
			bool is_shared = is_same(start, start_of(set->rules[k]));
			n += is_shared;
			n_before += is_shared && k < i;
		}
		int rc = 0;
		if (n >= START_RULES_MIN && n_before == 0)
			rc = add_start(set, scratch, start, keep);
		if (rc)
			return rc;
	}
	return 0;
}

int dispatch_create(struct sig_set *set)
{
	struct sig_scratch *scratch = NULL;
	bool *keep = calloc(set->n_rules + 1, sizeof(*keep));
	uint8_t(*first)[32] = calloc(set->n_rules + 1, sizeof(*first));
	set->dispatch = arena_alloc(&set->arena, sizeof(*set->dispatch));
	int rc = keep && first && set->dispatch ? sig_scratch_create(set, &scratch) : -ENOMEM;
	rc = rc ? rc : list_first_bytes(set, first, keep);
	rc = rc ? rc : list_starts(set, scratch, keep);
	sig_scratch_destroy(scratch);
	free(first);
	free(keep);
	return rc;
}

const struct dispatch_list *dispatch_find(
    const struct dispatch *dispatch, const uint8_t *bytes, size_t len)
{
	const struct dispatch_start *start = dispatch->by_first[bytes[0]].starts;
	for (; start; start = start->next) {
		if (len >= start->len && memcmp(bytes, start->bytes, start->len) == 0)
			return start->list;
	}
	return dispatch->by_first[bytes[0]].list;
}
