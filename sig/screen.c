/* screen: what a rule cannot do without, so small that it lies in the list that is walked: four bytes at
 * one place, a header name, pairs of bytes (finder.h), a question. Most rules are refuted by it, and
 * neither they nor their patterns are touched. Any thread. It refuses to refute what evaluation would
 * not call false. */
#include <string.h>

#include "sig/dispatch.h"
#include "sig/eval.h"

enum {
	KNOWN_LEN = 32, /* how far into an answer a word may lie */
};

/* ---- making ---- */

/* What a rule says about the first bytes: the bits of mask are those of value. */
struct known {
	uint8_t value[KNOWN_LEN];
	uint8_t mask[KNOWN_LEN];
};

static void learn(struct known *known, size_t at, uint8_t value, uint8_t mask)
{
	if (at >= KNOWN_LEN)
		return;
	known->value[at] |= value & mask;
	known->mask[at] |= mask;
}

static uint8_t mask_of(const struct sig_literal *literal, size_t i)
{
	uint8_t mask = literal->mask ? literal->mask[i] : 0xff;
	return literal->is_nocase ? mask & 0xdf : mask;
}

/* One of the literals stands at an offset: what they have in common. */
static void learn_at(struct known *known, const struct sig_cond *cond)
{
	for (size_t i = 0;; i++) {
		uint8_t value = 0;
		uint8_t mask = 0xff;
		for (size_t k = 0; k < cond->n_literals; k++) {
			const struct sig_literal *literal = &cond->literals[k];
			if (i >= literal->len)
				return;
			if (k == 0)
				value = literal->bytes[i];
			mask &= mask_of(literal, i) & (uint8_t) ~(value ^ literal->bytes[i]);
		}
		if (cond->n_literals == 0 || cond->off + i >= KNOWN_LEN)
			return;
		learn(known, cond->off + i, value, mask);
	}
}

/* The bits of mask in the field are those of value. */
static void learn_bits(
    struct known *known, const struct sig_int *number, uint64_t value, uint64_t mask)
{
	const struct sig_int_layout *layout = &sig_int_layouts[number->kind];
	for (size_t i = 0; i < layout->len && !layout->is_hex; i++) {
		size_t shift = 8 * (layout->is_little ? i : layout->len - 1U - i);
		learn(known, number->off + i, (uint8_t)(value >> shift), (uint8_t)(mask >> shift));
	}
}

/* A field in one of the ranges: the bits that are the same from the least to the greatest. */
static void learn_int(struct known *known, const struct sig_cond *cond)
{
	uint64_t min = UINT64_MAX;
	uint64_t max = 0;
	if (cond->number.mul != 1 || cond->number.add != 0)
		return;
	for (size_t i = 0; i < cond->n_ranges; i++) {
		min = cond->ranges[i].lo < min ? cond->ranges[i].lo : min;
		max = cond->ranges[i].hi > max ? cond->ranges[i].hi : max;
	}
	if (min > max)
		return;
	uint64_t differ = min ^ max;
	uint64_t same = differ ? ~(UINT64_MAX >> __builtin_clzll(differ)) : UINT64_MAX;
	learn_bits(known, &cond->number, min, same & cond->number.mask);
}

/* A length that is more than twice SIG_MESSAGE_MAX is none, whatever is subtracted. */
static void learn_length(struct known *known, const struct sig_cond *cond)
{
	const struct sig_int *number = &cond->number;
	if (number->mask != UINT64_MAX || number->mul == 0 || number->add < -SIG_MESSAGE_MAX)
		return;
	learn_bits(known, number, 0, ~(UINT64_C(4) * SIG_MESSAGE_MAX - 1));
}

static void learn_cond(struct known *known, const struct sig_cond *cond)
{
	if (cond->is_negated)
		return;
	if (cond->kind == COND_AT)
		learn_at(known, cond);
	else if (cond->kind == COND_INT)
		learn_int(known, cond);
	else if (cond->kind == COND_LENGTH)
		learn_length(known, cond);
}

/* Takes the four neighbours that say most. */
static void put_word(const struct known *known, struct dispatch_entry *entry)
{
	int best = 0;
	for (uint8_t off = 0; off + sizeof(entry->word) <= KNOWN_LEN; off++) {
		uint32_t mask;
		memcpy(&mask, known->mask + off, sizeof(mask));
		if (__builtin_popcount(mask) <= best)
			continue;
		best = __builtin_popcount(mask);
		entry->word_off = off;
		entry->mask = mask;
		memcpy(entry->word, known->value + off, sizeof(entry->word));
	}
}

static bool screen_header(const struct sig_cond *cond, struct dispatch_entry *entry)
{
	uint8_t first[32];
	uint64_t bits = 0;
	for (size_t i = 0; i < cond->n_literals; i++) {
		const struct sig_literal *literal = &cond->literals[i];
		if (literal->len == 0)
			return false;
		bits |= UINT64_C(1) << screen_header_kind(literal->bytes, literal->len);
	}
	memset(first, 0xff, sizeof(first));
	if (cond->pattern)
		pattern_first_bytes(cond->pattern, first);
	for (unsigned byte = 0; byte < 256; byte++)
		entry->firsts |= (uint32_t)(first[byte / 8] >> byte % 8 & 1) << (byte & 31);
	entry->screen = SCREEN_HEADER;
	entry->bits = bits;
	return true;
}

static bool screen_answers(
    const struct sig_set *set, const struct sig_cond *cond, struct dispatch_entry *entry)
{
	entry->screen = SCREEN_ANSWERS;
	for (size_t id = 0; id < set->n_probes; id++)
		entry->bits |= (uint64_t)(cond->names[id / 16] >> id % 16 & 1) << (id & 63);
	return true;
}

static bool screen_cond(
    const struct sig_set *set, const struct sig_cond *cond, struct dispatch_entry *entry)
{
	if (cond->is_negated)
		return false;
	if (cond->kind == COND_HEADER)
		return screen_header(cond, entry);
	if (cond->kind == COND_ANSWERS)
		return screen_answers(set, cond, entry);
	if (cond->kind == COND_ECHO)
		entry->screen = SCREEN_ECHO;
	return cond->kind == COND_ECHO;
}

/* ---- pairs ---- */

enum { WORD_ENOUGH = 16 }; /* known bits that leave little to refute */

/* Is the rule refuted well enough without a pair? They are few, and each costs time. */
static bool is_screened(const struct dispatch_entry *entry)
{
	static const uint8_t server[] = "Server";
	uint64_t usual = UINT64_C(1) << screen_header_kind(server, sizeof(server) - 1);
	if (entry->screen == SCREEN_HEADER)
		return entry->firsts != UINT32_MAX || !(entry->bits & usual);
	return entry->screen == SCREEN_ANSWERS || entry->screen == SCREEN_ECHO ||
	       __builtin_popcount(entry->mask) >= WORD_ENOUGH;
}

/* What the condition needs, and *end, the number of bytes with which it does not hold later either. */
static void find_needs(const struct sig_cond *cond, struct needs *out, size_t *end)
{
	*end = cond->hi;
	*out = (struct needs){0};
	if (cond->pattern && !cond->is_negated)
		*out = *pattern_get_needs(cond->pattern);
	/* Where a header stands is not known. */
	if (cond->kind == COND_HEADER)
		*end = SIG_DATA_MAX;
	if (cond->kind != COND_CONTAINS && cond->kind != COND_SKIP_PAST)
		return;
	for (size_t i = 0; i < cond->n_literals && !cond->is_negated; i++) {
		const struct sig_literal *literal = &cond->literals[i];
		struct needs one;
		needs_of_literal(
		    literal->bytes, literal->mask, literal->len, literal->is_nocase, &one);
		if (i)
			needs_unite(out, &one);
		else
			*out = one;
		size_t last = (size_t)cond->hi + literal->len;
		*end = last > *end ? last : *end;
	}
}

/* Does the condition hold wherever the first n_known bytes are right? */
static bool is_known(const struct sig_cond *cond, size_t n_known)
{
	bool is_known = cond->kind == COND_AT && !cond->is_negated;
	for (size_t i = 0; i < cond->n_literals; i++)
		is_known &= (size_t)cond->off + cond->literals[i].len <= n_known;
	return is_known;
}

/* Takes the rarest of what the conditions need. */
static void put_needs(const struct sig_rule *rule, const uint8_t *start, size_t n_known,
    struct finder *finder, struct dispatch_entry *entry)
{
	struct needs best = {0};
	size_t best_end = 0;
	size_t best_i = 0;
	bool is_moved = false;
	for (size_t i = 0; i < rule->n_conds; i++) {
		struct needs needs;
		size_t end;
		find_needs(&rule->conds[i], &needs, &end);
		if (needs.n && (best.n == 0 || needs.rarity > best.rarity)) {
			best = needs;
			best_end = is_moved || end > SIG_DATA_MAX ? SIG_DATA_MAX : end;
			best_i = i;
		}
		is_moved |= sig_cond_is_moving(&rule->conds[i]);
	}
	/* What every answer has that the list is for says nothing. */
	if (best.n == 0 || (start && needs_are_in(&best, start, n_known)))
		return;
	entry->needs = finder_add(finder, &best);
	entry->end = (uint16_t)best_end;
	entry->is_waiting = rule->conds[best_i].kind == COND_CONTAINS;
	for (size_t i = 0; i < rule->n_conds; i++)
		entry->is_waiting &= i == best_i || is_known(&rule->conds[i], n_known);
}

void screen_make(const struct sig_set *set, const struct sig_rule *rule, const uint8_t *start,
    size_t n_known, struct finder *finder, struct dispatch_entry *out)
{
	struct known known = {0};
	*out = (struct dispatch_entry){.rule = rule->id,
	    .rank = rule->rank,
	    .min_len = (uint8_t)(rule->min_len < UINT8_MAX ? rule->min_len : UINT8_MAX)};
	/* Where the conditions behind a moving one look is not known in advance. */
	for (size_t i = 0; i < rule->n_conds && !sig_cond_is_moving(&rule->conds[i]); i++) {
		learn_cond(&known, &rule->conds[i]);
		if (out->screen == SCREEN_NONE)
			screen_cond(set, &rule->conds[i], out);
	}
	memset(known.mask, 0, n_known < KNOWN_LEN ? n_known : KNOWN_LEN);
	put_word(&known, out);
	if (!is_screened(out))
		put_needs(rule, start, n_known, finder, out);
}

/* ---- looking ---- */

static inline bool lacks_word(const struct eval *e, const struct dispatch_entry *entry)
{
	uint32_t want;
	uint32_t got;
	if (e->len < entry->word_off + sizeof(got))
		return false;
	memcpy(&want, entry->word, sizeof(want));
	memcpy(&got, e->bytes + entry->word_off, sizeof(got));
	return ((want ^ got) & entry->mask) != 0;
}

static bool lacks_header(struct eval *e, const struct dispatch_entry *entry)
{
	eval_index_headers(e);
	/* More may come that has it. */
	if (e->is_open && !e->has_all_headers)
		return false;
	if (!(e->header_kinds & entry->bits))
		return true;
	for (size_t i = 0; i < e->n_headers && entry->firsts != UINT32_MAX; i++) {
		const struct sig_header *header = &e->scratch->headers[i];
		if (!(entry->bits >> header->kind & 1) || header->value_len == 0)
			continue;
		if (entry->firsts >> (e->bytes[header->value_off] & 31) & 1)
			return false;
	}
	return entry->firsts != UINT32_MAX;
}

/* What the answer has of the list's pairs. */
static uint32_t find_pairs(struct eval *e, const struct dispatch_list *list)
{
	if (!e->has_pairs) {
		size_t n = e->len < list->reach ? e->len : list->reach;
		e->pairs = finder_find(&list->finder, e->bytes, n);
		e->has_pairs = true;
	}
	return e->pairs;
}

/* The rarest thing that the rule needs is not there: it is false, or will be unless more comes. */
static bool lacks_pairs(
    struct eval *e, const struct dispatch_list *list, const struct dispatch_entry *entry)
{
	bool is_early = e->is_open && e->len < entry->end;
	/* A hello of TLS is long and meets one such rule: evaluation is cheaper than the pass. */
	if (e->is_open && !list->has_waiting)
		return false;
	if ((is_early && !entry->is_waiting) || find_pairs(e, list) & entry->needs)
		return false;
	if (is_early)
		eval_close(e);
	return true;
}

static bool lacks_rest(struct eval *e, const struct dispatch_entry *entry)
{
	const struct sig_probe *probe = e->input->probe;
	switch ((enum dispatch_screen)entry->screen) {
	case SCREEN_NONE:
		return false;
	case SCREEN_HEADER:
		return lacks_header(e, entry);
	case SCREEN_ANSWERS:
		return !probe || !(entry->bits >> (probe->id & 63) & 1);
	case SCREEN_ECHO:
		return !probe || probe->len == 0 || probe->bytes[0] != e->bytes[0];
	}
	return false;
}

const struct dispatch_entry *screen_next(struct eval *e, const struct dispatch_list *list,
    const struct dispatch_entry *entry, uint8_t min_rank)
{
	for (; entry->rule != DISPATCH_END && entry->rank >= min_rank; entry++) {
		if (entry->min_len > e->len && !e->is_open)
			continue;
		if (entry->mask && lacks_word(e, entry))
			continue;
		if (entry->screen && lacks_rest(e, entry))
			continue;
		if (entry->needs && lacks_pairs(e, list, entry))
			continue;
		return entry;
	}
	return NULL;
}
