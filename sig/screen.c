/* screen: what a rule cannot do without, so small that it lies in the list that is walked: four bytes at
 * one place, a header name, two neighbours of a literal, a question. Most rules are refuted by it, and
 * neither they nor their patterns are touched. Any thread. It refuses to refute what evaluation would
 * not call false. */
#include <string.h>

#include "sig/dispatch.h"
#include "sig/eval.h"

enum {
	KNOWN_LEN = 32, /* how far into an answer a word may lie */
	PAIR_TRIES = 8, /* a hostile answer has the first byte of a pair everywhere */
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

static bool screen_contains(const struct sig_cond *cond, struct dispatch_entry *entry)
{
	size_t n = 0;
	size_t end = 0;
	uint8_t pairs[SCREEN_PAIRS][2];
	for (size_t i = 0; i < cond->n_literals; i++) {
		const struct sig_literal *literal = &cond->literals[i];
		if (!literal->has_key || literal->mask || literal->key_off + 1 >= literal->len)
			return false;
		const uint8_t *pair = literal->bytes + literal->key_off;
		size_t k = 0;
		while (k < n && (pairs[k][0] != pair[0] || pairs[k][1] != pair[1]))
			k++;
		if (k == SCREEN_PAIRS)
			return false;
		memcpy(pairs[k], pair, 2);
		n = k == n ? n + 1 : n;
		size_t last = (size_t)cond->hi + literal->len;
		end = last > end ? last : end;
	}
	if (n == 0)
		return false;
	entry->screen = SCREEN_CONTAINS;
	entry->end = (uint16_t)(end < SIG_DATA_MAX ? end : SIG_DATA_MAX);
	for (size_t i = 0; i < SCREEN_PAIRS; i++)
		memcpy(entry->pairs[i], pairs[i < n ? i : 0], 2);
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
	if (cond->kind == COND_CONTAINS)
		return screen_contains(cond, entry);
	if (cond->kind == COND_ANSWERS)
		return screen_answers(set, cond, entry);
	if (cond->kind == COND_ECHO)
		entry->screen = SCREEN_ECHO;
	return cond->kind == COND_ECHO;
}

void screen_make(const struct sig_set *set, const struct sig_rule *rule, size_t n_known,
    struct dispatch_entry *out)
{
	struct known known = {0};
	*out =
	    (struct dispatch_entry){.rule = rule->id, .rank = rule->rank, .min_len = rule->min_len};
	/* Where the conditions behind a moving one look is not known in advance. */
	for (size_t i = 0; i < rule->n_conds && !sig_cond_is_moving(&rule->conds[i]); i++) {
		learn_cond(&known, &rule->conds[i]);
		if (out->screen == SCREEN_NONE)
			screen_cond(set, &rule->conds[i], out);
	}
	memset(known.mask, 0, n_known < KNOWN_LEN ? n_known : KNOWN_LEN);
	put_word(&known, out);
}

/* ---- looking ---- */

static bool lacks_word(const struct eval *e, const struct dispatch_entry *entry)
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

/* Is the pair in n bytes? Case does not matter for its second byte. Too many tries: perhaps. */
static bool has_pair(const uint8_t *bytes, size_t n, const uint8_t pair[2])
{
	const uint8_t *end = bytes + n;
	for (int i = 0; i < PAIR_TRIES; i++) {
		if (end - bytes < 2)
			return false;
		const uint8_t *at = memchr(bytes, pair[0], (size_t)(end - bytes) - 1);
		if (!at)
			return false;
		if (((at[1] ^ pair[1]) & 0xdf) == 0)
			return true;
		bytes = at + 1;
	}
	return true;
}

static bool lacks_pairs(const struct eval *e, const struct dispatch_entry *entry)
{
	if (e->is_open && e->len < entry->end)
		return false;
	size_t n = e->len < entry->end ? e->len : entry->end;
	for (size_t i = 0; i < SCREEN_PAIRS; i++) {
		bool is_repeated = i && memcmp(entry->pairs[i], entry->pairs[0], 2) == 0;
		if (!is_repeated && has_pair(e->bytes, n, entry->pairs[i]))
			return false;
	}
	return true;
}

bool screen_refutes(struct eval *e, const struct dispatch_entry *entry)
{
	const struct sig_probe *probe = e->input->probe;
	if (entry->mask && lacks_word(e, entry))
		return true;
	switch ((enum dispatch_screen)entry->screen) {
	case SCREEN_NONE:
		return false;
	case SCREEN_HEADER:
		return lacks_header(e, entry);
	case SCREEN_CONTAINS:
		return lacks_pairs(e, entry);
	case SCREEN_ANSWERS:
		return !probe || !(entry->bits >> (probe->id & 63) & 1);
	case SCREEN_ECHO:
		return !probe || probe->len == 0 || probe->bytes[0] != e->bytes[0];
	}
	return false;
}
