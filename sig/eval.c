/* eval: one condition of one rule against bytes that may still grow. Pure: bytes in, a four-valued
 * answer out; no allocation, no recursion, every loop bounded by SIG_DATA_MAX. Any thread with its
 * own scratch. It refuses to guess: what the missing bytes could change is TRUTH_MAYBE or
 * TRUTH_SOFT, and only the end of the data makes a yes or a no of it. */
#include "autoconfig.h"

#include "sig/eval.h"

#include <string.h>

void eval_init(struct eval *e, const struct sig_set *set, struct sig_scratch *scratch,
    const struct sig_input *input)
{
	*e = (struct eval){.set = set,
	    .scratch = scratch,
	    .input = input,
	    .bytes = input->bytes,
	    .len = input->len < SIG_DATA_MAX ? input->len : SIG_DATA_MAX,
	    .is_open = input->len < SIG_DATA_MAX,
	    .first_control = UINT16_MAX};
}

void eval_close(struct eval *e)
{
	e->is_open = false;
	if (e->has_all_headers)
		return;
	e->has_headers = false; /* a line without its end counts now */
	e->n_headers = 0;
	e->header_kinds = 0;
}

/* The end of the data decides. */
static enum truth settle(const struct eval *e, enum truth truth)
{
	if (e->is_open)
		return truth;
	return truth == TRUTH_YES || truth == TRUTH_SOFT ? TRUTH_YES : TRUTH_NO;
}

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/* Compares the literal with the first n bytes of it that are there. */
static bool is_equal(const struct sig_literal *literal, const uint8_t *bytes, size_t n)
{
	if (!literal->mask && !literal->is_nocase)
		return memcmp(literal->bytes, bytes, n) == 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = literal->is_nocase ? lower(bytes[i]) : bytes[i];
		uint8_t mask = literal->mask ? literal->mask[i] : 0xff;
		if ((byte & mask) != (literal->bytes[i] & mask))
			return false;
	}
	return true;
}

/* One of the literals stands at offset at. */
static enum truth eval_at(const struct eval *e, const struct sig_cond *cond, size_t at)
{
	enum truth best = TRUTH_NO;
	size_t left = at < e->len ? e->len - at : 0;
	for (size_t i = 0; i < cond->n_literals; i++) {
		const struct sig_literal *literal = &cond->literals[i];
		size_t n = literal->len < left ? literal->len : left;
		if (n && !is_equal(literal, e->bytes + at, n))
			continue;
		if (n == literal->len)
			return TRUTH_YES;
		best = TRUTH_MAYBE;
	}
	return best;
}

enum { KEY_TRIES = 8 };

/* Looks for the least common byte of the literal first, at most KEY_TRIES times. Returns where it begins
 * in [*from, to], or SIZE_MAX with *from where to go on from, beyond to when it is nowhere. */
static size_t find_by_key(
    const struct eval *e, const struct sig_literal *literal, size_t *from, size_t to)
{
	for (int i = 0; i < KEY_TRIES && literal->has_key; i++) {
		const uint8_t *first = e->bytes + *from;
		const uint8_t *key = memchr(first + literal->key_off, literal->key, to - *from + 1);
		size_t at = key ? (size_t)(key - e->bytes) - literal->key_off : SIZE_MAX;
		if (at == SIZE_MAX || is_equal(literal, e->bytes + at, literal->len)) {
			*from = to + 1;
			return at;
		}
		*from = at + 1;
		if (at == to)
			return SIZE_MAX;
	}
	return SIZE_MAX;
}

/* Where the literal first begins in [from, to] (offsets into the data), or SIZE_MAX. */
static size_t find(const struct eval *e, const struct sig_literal *literal, size_t from, size_t to)
{
	if (e->len < literal->len || from > e->len - literal->len)
		return SIZE_MAX;
	if (to > e->len - literal->len)
		to = e->len - literal->len;
	if (to < from)
		return SIZE_MAX;
	size_t found = find_by_key(e, literal, &from, to);
	if (found != SIZE_MAX || from > to)
		return found;
	if (!literal->mask && !literal->is_nocase) {
		const uint8_t *at =
		    memmem(e->bytes + from, to - from + literal->len, literal->bytes, literal->len);
		return at ? (size_t)(at - e->bytes) : SIZE_MAX;
	}
	for (size_t at = from; at <= to; at++) {
		if (is_equal(literal, e->bytes + at, literal->len))
			return at;
	}
	return SIZE_MAX;
}

/* The literal that begins first in the window; *end is the offset behind it. */
static enum truth eval_contains(const struct eval *e, const struct sig_cond *cond, size_t *end)
{
	size_t from = e->base + cond->lo;
	size_t to = e->base + cond->hi;
	size_t best = SIZE_MAX;
	enum truth missing = TRUTH_NO;
	for (size_t i = 0; i < cond->n_literals; i++) {
		const struct sig_literal *literal = &cond->literals[i];
		size_t at = find(e, literal, from, best == SIZE_MAX ? to : best);
		if (at < best || (at == best && at != SIZE_MAX)) {
			best = at;
			*end = at + literal->len;
		}
		if (e->len < to + literal->len)
			missing = TRUTH_MAYBE;
	}
	return best != SIZE_MAX ? TRUTH_YES : missing;
}

static enum truth eval_ends(const struct eval *e, const struct sig_cond *cond)
{
	for (size_t i = 0; i < cond->n_literals; i++) {
		const struct sig_literal *literal = &cond->literals[i];
		if (literal->len <= e->len - e->base &&
		    is_equal(literal, e->bytes + e->len - literal->len, literal->len))
			return TRUTH_SOFT;
	}
	return TRUTH_MAYBE;
}

static enum truth eval_pattern(
    const struct eval *e, const struct sig_cond *cond, struct pattern_span *spans)
{
	size_t left = e->len - e->base;
	size_t n = left < cond->hi ? left : cond->hi;
	bool is_open = e->is_open && left < cond->hi;
	switch (pattern_match(
	    cond->pattern, e->scratch->pattern, e->bytes + e->base, n, is_open, spans)) {
	case PATTERN_YES:
		return TRUTH_YES;
	case PATTERN_PARTIAL:
		return TRUTH_MAYBE;
	case PATTERN_NO:
		break;
	}
	return TRUTH_NO;
}

/* Notes one line [at, end) as a header when it is "name: value". */
static void note_header(struct eval *e, size_t at, size_t end)
{
	const uint8_t *colon = memchr(e->bytes + at, ':', end - at);
	if (!colon)
		return;
	size_t value = (size_t)(colon - e->bytes) + 1;
	struct sig_header *header = &e->scratch->headers[e->n_headers++];
	header->name_off = (uint16_t)at;
	header->name_len = (uint16_t)((size_t)(colon - e->bytes) - at);
	header->kind = header->name_len ? screen_header_kind(e->bytes + at, header->name_len) : 0;
	e->header_kinds |= UINT64_C(1) << header->kind;
	while (value < end && (e->bytes[value] == ' ' || e->bytes[value] == '\t'))
		value++;
	header->value_off = (uint16_t)value;
	header->value_len = (uint16_t)(end - value);
}

void eval_index_headers(struct eval *e)
{
	if (e->has_headers)
		return;
	const uint8_t *eol = memchr(e->bytes, '\n', e->len);
	size_t at = eol ? (size_t)(eol - e->bytes) + 1 : e->len;
	e->has_headers = true;
	while (at < e->len && e->n_headers < SIG_HEADERS_MAX) {
		eol = memchr(e->bytes + at, '\n', e->len - at);
		if (!eol && e->is_open)
			return;
		size_t next = eol ? (size_t)(eol - e->bytes) + 1 : e->len;
		size_t end = eol ? next - 1 : next;
		while (end > at && (e->bytes[end - 1] == '\r' || e->bytes[end - 1] == ' '))
			end--;
		if (end == at) {
			e->has_all_headers = true;
			return;
		}
		note_header(e, at, end);
		at = next;
	}
	e->has_all_headers = e->n_headers == SIG_HEADERS_MAX;
}

static enum truth eval_header(
    struct eval *e, const struct sig_cond *cond, struct pattern_span *spans, size_t *span_base)
{
	eval_index_headers(e);
	for (size_t i = 0; i < e->n_headers; i++) {
		const struct sig_header *header = &e->scratch->headers[i];
		for (size_t k = 0; k < cond->n_literals; k++) {
			const struct sig_literal *literal = &cond->literals[k];
			if (literal->len != header->name_len ||
			    !is_equal(literal, e->bytes + header->name_off, literal->len))
				continue;
			size_t n = header->value_len < cond->hi ? header->value_len : cond->hi;
			if (span_base)
				*span_base = header->value_off;
			if (!cond->pattern ||
			    pattern_match(cond->pattern, e->scratch->pattern,
				e->bytes + header->value_off, n, false, spans) == PATTERN_YES)
				return TRUTH_YES;
		}
	}
	return e->has_all_headers ? TRUTH_NO : TRUTH_MAYBE;
}

const struct sig_int_layout sig_int_layouts[INT_KIND_COUNT] = {
    [INT_U8] = {1, false, false},
    [INT_BE16] = {2, false, false},
    [INT_BE24] = {3, false, false},
    [INT_BE32] = {4, false, false},
    [INT_BE64] = {8, false, false},
    [INT_LE16] = {2, true, false},
    [INT_LE24] = {3, true, false},
    [INT_LE32] = {4, true, false},
    [INT_LE64] = {8, true, false},
    [INT_HEX2] = {2, false, true},
    [INT_HEX4] = {4, false, true},
    [INT_HEX8] = {8, false, true},
};

static int hex_value(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte = lower(byte);
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

enum truth eval_int(const struct eval *e, const struct sig_int *number, uint64_t *out)
{
	size_t len = sig_int_layouts[number->kind].len;
	size_t at = e->base + number->off;
	uint64_t value = 0;
	if (at + len > e->len)
		return TRUTH_MAYBE;
	for (size_t i = 0; i < len; i++) {
		uint8_t byte =
		    e->bytes[at + (sig_int_layouts[number->kind].is_little ? len - 1 - i : i)];
		int digit = hex_value(byte);
		if (!sig_int_layouts[number->kind].is_hex)
			value = value << 8 | byte;
		else if (digit >= 0)
			value = value << 4 | (unsigned)digit;
		else
			return TRUTH_NO;
	}
	uint64_t add = number->add < 0 ? (uint64_t)-number->add : (uint64_t)number->add;
	if (__builtin_mul_overflow(value & number->mask, (uint64_t)number->mul, &value))
		return TRUTH_NO;
	bool is_bad = number->add < 0 ? __builtin_sub_overflow(value, add, &value)
				      : __builtin_add_overflow(value, add, &value);
	if (is_bad)
		return TRUTH_NO;
	*out = value;
	return TRUTH_YES;
}

static bool is_in_ranges(const struct sig_cond *cond, uint64_t value)
{
	for (size_t i = 0; i < cond->n_ranges; i++) {
		if (value >= cond->ranges[i].lo && value <= cond->ranges[i].hi)
			return true;
	}
	return false;
}

/* A message of total bytes begins at the base. */
static enum truth agree(const struct eval *e, uint64_t total, enum sig_length_mode mode)
{
	size_t left = e->len - e->base;
	if (total == 0 || total > SIG_MESSAGE_MAX)
		return TRUTH_NO;
	if (left < total)
		return mode == LENGTH_CUT ? (e->is_open ? TRUTH_MAYBE : TRUTH_YES) : TRUTH_MAYBE;
	if (mode != LENGTH_EXACT)
		return TRUTH_YES;
	return left == total ? TRUTH_SOFT : TRUTH_NO;
}

static enum truth eval_size(const struct eval *e, const struct sig_cond *cond)
{
	size_t left = e->len - e->base;
	uint64_t max = 0;
	for (size_t i = 0; i < cond->n_ranges; i++)
		max = cond->ranges[i].hi > max ? cond->ranges[i].hi : max;
	if (is_in_ranges(cond, left))
		return TRUTH_SOFT;
	return left < max ? TRUTH_MAYBE : TRUTH_NO;
}

static bool is_control(uint8_t byte)
{
	return (byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t') || byte == 0x7f;
}

static size_t find_control(const struct eval *e, size_t from)
{
	while (from < e->len && !is_control(e->bytes[from]))
		from++;
	return from;
}

static enum truth eval_text(struct eval *e, const struct sig_cond *cond)
{
	size_t to = e->base + cond->hi;
	if (e->first_control == UINT16_MAX)
		e->first_control = (uint16_t)find_control(e, 0);
	size_t control = e->first_control;
	if (control < e->base)
		control = find_control(e, e->base);
	if (control < e->len && control < to)
		return TRUTH_NO;
	return e->len >= to ? TRUTH_YES : TRUTH_SOFT;
}

/* Moves the base by step bytes. */
static enum truth move(struct eval *e, uint64_t step)
{
	if (step > SIG_DATA_MAX || e->base + step > SIG_DATA_MAX)
		return TRUTH_NO;
	if (e->base + step > e->len)
		return TRUTH_MAYBE;
	e->base += step;
	return TRUTH_YES;
}

static enum truth eval_skip(struct eval *e, const struct sig_cond *cond)
{
	uint64_t step = (uint64_t)cond->number.add;
	if (cond->number.mul) {
		enum truth truth = eval_int(e, &cond->number, &step);
		if (truth != TRUTH_YES)
			return truth;
	}
	return move(e, step);
}

/* The element's total length and the length of its head (X.690 section 8.1.3, definite form). */
static enum truth read_ber(const struct eval *e, uint8_t tag, uint64_t *total, size_t *head)
{
	const uint8_t *p = e->bytes + e->base;
	size_t left = e->len - e->base;
	if (left && p[0] != tag)
		return TRUTH_NO;
	if (left < 2)
		return TRUTH_MAYBE;
	size_t n = p[1] & 0x80 ? p[1] & 0x7f : 0;
	uint64_t value = n ? 0 : p[1];
	if (p[1] == 0x80 || n > 4)
		return TRUTH_NO;
	if (left < 2 + n)
		return TRUTH_MAYBE;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[2 + i];
	*head = 2 + n;
	*total = value + *head;
	return TRUTH_YES;
}

static enum truth eval_ber(struct eval *e, const struct sig_cond *cond)
{
	uint64_t total = 0;
	size_t head = 0;
	enum truth truth = read_ber(e, cond->tag, &total, &head);
	if (truth != TRUTH_YES)
		return truth;
	if (cond->kind == COND_BER_SKIP)
		return move(e, total);
	truth = agree(e, total, cond->mode);
	e->base += head;
	return truth;
}

static enum truth eval_answers(const struct eval *e, const struct sig_cond *cond)
{
	const struct sig_probe *probe = e->input->probe;
	if (!probe || probe->id >= e->set->n_probes)
		return TRUTH_NO;
	return cond->names[probe->id / 16] >> probe->id % 16 & 1 ? TRUTH_YES : TRUTH_NO;
}

static enum truth eval_asked(const struct eval *e, const struct sig_cond *cond)
{
	const struct sig_probe *probe = e->input->probe;
	for (size_t i = 0; probe && i < cond->n_literals; i++) {
		const struct sig_literal *literal = &cond->literals[i];
		if (literal->len <= probe->len && is_equal(literal, probe->bytes, literal->len))
			return TRUTH_YES;
	}
	return TRUTH_NO;
}

/* An echo of less than this says nothing: a greeting may begin like a question. */
enum { ECHO_MIN = 6, ECHO_CUT_MIN = 18 };

static enum truth eval_echo(const struct eval *e)
{
	const struct sig_probe *probe = e->input->probe;
	if (!probe || probe->len < ECHO_MIN || e->input->is_server_first)
		return TRUTH_NO;
	size_t n = e->len < probe->len ? e->len : probe->len;
	if (memcmp(e->bytes, probe->bytes, n))
		return TRUTH_NO;
	if (n == probe->len)
		return TRUTH_YES;
	return n >= ECHO_CUT_MIN ? (e->is_open ? TRUTH_MAYBE : TRUTH_YES) : TRUTH_MAYBE;
}

static enum truth eval_plain(
    struct eval *e, const struct sig_cond *cond, struct pattern_span *spans, size_t *span_base)
{
	uint64_t value = 0;
	size_t end = 0;
	enum truth truth = TRUTH_NO;
	switch (cond->kind) {
	case COND_AT:
		return eval_at(e, cond, e->base + cond->off);
	case COND_CONTAINS:
		return eval_contains(e, cond, &end);
	case COND_ENDS:
		return eval_ends(e, cond);
	case COND_PATTERN:
		if (span_base)
			*span_base = e->base;
		return eval_pattern(e, cond, spans);
	case COND_HEADER:
		return eval_header(e, cond, spans, span_base);
	case COND_INT:
		truth = eval_int(e, &cond->number, &value);
		return truth != TRUTH_YES          ? truth
		       : is_in_ranges(cond, value) ? TRUTH_YES
						   : TRUTH_NO;
	case COND_LENGTH:
		truth = eval_int(e, &cond->number, &value);
		return truth != TRUTH_YES ? truth : agree(e, value, cond->mode);
	case COND_SIZE:
		return eval_size(e, cond);
	case COND_TEXT:
		return eval_text(e, cond);
	case COND_SKIP:
		return eval_skip(e, cond);
	case COND_SKIP_PAST:
		truth = eval_contains(e, cond, &end);
		return truth == TRUTH_YES ? move(e, end - e->base) : truth;
	case COND_BER:
	case COND_BER_SKIP:
		return eval_ber(e, cond);
	case COND_REWIND:
		e->base = 0;
		return TRUTH_YES;
	case COND_FIRST:
		return e->input->is_server_first ? TRUTH_YES : TRUTH_NO;
	case COND_ANSWERS:
		return eval_answers(e, cond);
	case COND_ASKED:
		return eval_asked(e, cond);
	case COND_ECHO:
		return eval_echo(e);
	case COND_KIND_COUNT:
		break;
	}
	return TRUTH_NO;
}

static enum truth negate(enum truth truth)
{
	switch (truth) {
	case TRUTH_NO:
		return TRUTH_YES;
	case TRUTH_YES:
		return TRUTH_NO;
	case TRUTH_MAYBE:
		return TRUTH_SOFT;
	case TRUTH_SOFT:
		return TRUTH_MAYBE;
	}
	return TRUTH_NO;
}

enum truth eval_cond(
    struct eval *e, const struct sig_cond *cond, struct pattern_span *spans, size_t *span_base)
{
	enum truth truth = eval_plain(e, cond, spans, span_base);
	return settle(e, cond->is_negated ? negate(truth) : truth);
}

enum truth eval_rule(struct eval *e, const struct sig_rule *rule)
{
	enum truth all = TRUTH_YES;
	e->base = 0;
	for (size_t i = 0; i < rule->n_conds; i++) {
		const struct sig_cond *cond = &rule->conds[i];
		enum truth truth = eval_cond(e, cond, NULL, NULL);
		if (truth == TRUTH_NO)
			return TRUTH_NO;
		if (truth == TRUTH_MAYBE && sig_cond_is_moving(cond))
			return TRUTH_MAYBE;
		if (truth == TRUTH_MAYBE || (truth == TRUTH_SOFT && all == TRUTH_YES))
			all = truth;
	}
	return all;
}
