/* needs: what a literal or a regular expression cannot match without, found once, when a set is built, so
 * that an answer that lacks it is not searched. Any thread. It refuses to reason about syntax that it does
 * not know: such a pattern needs nothing. Source of the syntax: pcre2pattern(3). */
#include "sig/needs.h"

#include <string.h>

enum {
	DEPTH_MAX = 6,  /* of groups in groups */
	FIND_TRIES = 8, /* of one half of a pair */
};

/* ---- how rare ---- */

unsigned needs_rate_byte(uint8_t byte)
{
	/* What answers are made of, roughly by frequency: an estimate, it only costs time. */
	static const char common[] =
	    "\0 etoanirsldc\n\r\xff\1humpfg./\">=<-:0,1wvbk2yTC;OPH3SDMGL456789NKAE"
	    "IRFxUBWXj\2q_z";
	const char *at = memchr(common, byte, sizeof(common) - 1);
	return at ? (unsigned)(at - common) + 1 : sizeof(common);
}

static bool is_letter(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static uint8_t fold(uint8_t byte)
{
	return is_letter(byte) ? byte | 0x20 : byte;
}

static unsigned rate(uint8_t byte, bool is_nocase)
{
	unsigned as_it_is = needs_rate_byte(byte);
	unsigned other = is_nocase && is_letter(byte) ? needs_rate_byte(byte ^ 0x20) : as_it_is;
	return other < as_it_is ? other : as_it_is;
}

/* Takes the one byte, or it and the one before it, when that is rarer than what is known. */
static void offer(struct needs *best, int before, uint8_t byte, bool is_nocase)
{
	unsigned rarity = rate(byte, is_nocase);
	bool is_single = before < 0;
	if (!is_single)
		rarity += rate((uint8_t)before, is_nocase);
	if (best->n && rarity <= best->rarity)
		return;
	uint8_t first = is_single ? byte : (uint8_t)before;
	best->n = 1;
	best->rarity = (uint16_t)rarity;
	best->any[0] = (struct need){.first = is_nocase ? fold(first) : first,
	    .second = is_single   ? 0
		      : is_nocase ? fold(byte)
				  : byte,
	    .is_nocase = is_nocase,
	    .is_single = is_single};
}

void needs_unite(struct needs *needs, const struct needs *other)
{
	if (needs->n == 0 || other->n == 0 || needs->n + other->n > NEEDS_MAX) {
		needs->n = 0;
		return;
	}
	memcpy(needs->any + needs->n, other->any, other->n * sizeof(other->any[0]));
	needs->n = (uint8_t)(needs->n + other->n);
	needs->is_behind_gap |= other->is_behind_gap;
	if (other->rarity < needs->rarity)
		needs->rarity = other->rarity;
}

void needs_of_literal(
    const uint8_t *bytes, const uint8_t *mask, size_t len, bool is_nocase, struct needs *out)
{
	int before = -1;
	*out = (struct needs){0};
	for (size_t i = 0; i < len; i++) {
		bool is_whole = !mask || mask[i] == 0xff;
		if (is_whole)
			offer(out, before, bytes[i], is_nocase);
		before = is_whole ? bytes[i] : -1;
	}
}

/* ---- patterns ---- */

enum element {
	ELEMENT_BYTE,
	ELEMENT_ANY,     /* some bytes */
	ELEMENT_NOTHING, /* of no length */
	ELEMENT_OPEN,
	ELEMENT_CLOSE,
	ELEMENT_BAR,
	ELEMENT_END,
	ELEMENT_UNKNOWN,
};

struct reader {
	const char *p;
	const char *end;
	uint8_t byte; /* of ELEMENT_BYTE */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_of(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xHH, at most two digits. */
static enum element read_hex(struct reader *r)
{
	unsigned value = 0;
	if (r->p < r->end && *r->p == '{')
		return ELEMENT_UNKNOWN;
	for (int i = 0; i < 2 && r->p < r->end && hex_of(*r->p) >= 0; i++)
		value = value << 4 | (unsigned)hex_of(*r->p++);
	r->byte = (uint8_t)value;
	return ELEMENT_BYTE;
}

/* What follows a backslash. */
static enum element read_escape(struct reader *r)
{
	static const char letters[] = "rntfea";
	static const uint8_t values[] = {'\r', '\n', '\t', '\f', 0x1b, '\a'};
	if (r->p == r->end)
		return ELEMENT_UNKNOWN;
	char c = *r->p++;
	r->byte = (uint8_t)c;
	if (!is_letter((uint8_t)c) && !is_digit(c))
		return (uint8_t)c < 0x80 ? ELEMENT_BYTE : ELEMENT_UNKNOWN;
	if (c == 'x')
		return read_hex(r);
	if (c == '0' && (r->p == r->end || !is_digit(*r->p))) {
		r->byte = 0;
		return ELEMENT_BYTE;
	}
	const char *at = strchr(letters, c);
	if (at) {
		r->byte = values[at - letters];
		return ELEMENT_BYTE;
	}
	if (strchr("dDwWsShHvV", c))
		return ELEMENT_ANY;
	return strchr("bBAZz", c) ? ELEMENT_NOTHING : ELEMENT_UNKNOWN;
}

/* What follows "[". */
static enum element read_class(struct reader *r)
{
	if (r->p < r->end && *r->p == '^')
		r->p++;
	for (bool is_first = true; r->p < r->end; is_first = false) {
		char c = *r->p++;
		if (c == ']' && !is_first)
			return ELEMENT_ANY;
		/* [:alpha:] and \Q...\E have brackets of their own. */
		bool has_next = r->p < r->end;
		if (c == '[' && has_next && strchr(":.=", *r->p))
			return ELEMENT_UNKNOWN;
		if (c == '\\' && (!has_next || *r->p == 'Q' || *r->p == 'E'))
			return ELEMENT_UNKNOWN;
		if (c == '\\')
			r->p++;
	}
	return ELEMENT_UNKNOWN;
}

/* What follows "(": only groups that stand for what is in them. */
static enum element read_open(struct reader *r)
{
	size_t left = (size_t)(r->end - r->p);
	if (left && *r->p == '*')
		return ELEMENT_UNKNOWN;
	if (left == 0 || *r->p != '?')
		return ELEMENT_OPEN;
	if (left > 1 && r->p[1] == ':') {
		r->p += 2;
		return ELEMENT_OPEN;
	}
	bool is_named = left > 2 && r->p[1] == '<' && r->p[2] != '=' && r->p[2] != '!';
	const char *close = is_named ? memchr(r->p, '>', left) : NULL;
	if (!close)
		return ELEMENT_UNKNOWN;
	r->p = close + 1;
	return ELEMENT_OPEN;
}

static enum element read_element(struct reader *r)
{
	if (r->p == r->end)
		return ELEMENT_END;
	char c = *r->p++;
	r->byte = (uint8_t)c;
	switch (c) {
	case '\\':
		return read_escape(r);
	case '[':
		return read_class(r);
	case '(':
		return read_open(r);
	case ')':
		return ELEMENT_CLOSE;
	case '|':
		return ELEMENT_BAR;
	case '.':
		return ELEMENT_ANY;
	case '^':
	case '$':
		return ELEMENT_NOTHING;
	case '*':
	case '+':
	case '?':
		return ELEMENT_UNKNOWN;
	case '{':
		/* A quantifier of nothing, or a plain brace. */
		return r->p < r->end && (is_digit(*r->p) || *r->p == ',' || *r->p == ' ')
			   ? ELEMENT_UNKNOWN
			   : ELEMENT_BYTE;
	}
	return ELEMENT_BYTE;
}

/* How often the element before may stand. */
struct repeat {
	bool may_lack;
	bool may_repeat;
	bool is_unknown;
};

/* {n}, {n,} or {n,m} behind the brace; anything else that could be meant so is not known. */
static struct repeat read_count(struct reader *r)
{
	struct repeat unknown = {.is_unknown = true};
	bool is_zero = true;
	size_t n_digits = 0;
	for (; r->p < r->end && is_digit(*r->p); r->p++, n_digits++)
		is_zero &= *r->p == '0';
	while (n_digits && r->p < r->end && (is_digit(*r->p) || *r->p == ','))
		r->p++;
	if (n_digits == 0 || r->p == r->end || *r->p++ != '}')
		return unknown;
	return (struct repeat){.may_lack = is_zero, .may_repeat = true};
}

static struct repeat read_repeat(struct reader *r)
{
	struct repeat repeat = {0};
	if (r->p == r->end)
		return repeat;
	char c = *r->p;
	char next = r->p + 1 < r->end ? r->p[1] : '\0';
	if (c == '*' || c == '+' || c == '?') {
		r->p++;
		repeat = (struct repeat){.may_lack = c != '+', .may_repeat = c != '?'};
	} else if (c == '{' && (is_digit(next) || next == ',' || next == ' ')) {
		r->p++;
		repeat = read_count(r);
	} else {
		return repeat;
	}
	/* Lazy or possessive. */
	if (r->p < r->end && (*r->p == '?' || *r->p == '+'))
		r->p++;
	return repeat;
}

/* One group: the alternative that is being read, and those before it. */
struct level {
	struct needs best; /* of what this alternative must have */
	int before;        /* the byte that was just read, or -1 */
	bool has_gap;      /* something of many lengths came before */
	bool has_all;
	struct needs all; /* one of these for whichever of the alternatives */
};

static void end_alternative(struct level *level)
{
	if (level->has_all)
		needs_unite(&level->all, &level->best);
	else
		level->all = level->best;
	level->has_all = true;
	level->best = (struct needs){0};
	level->before = -1;
}

static void take(struct level *level, const struct needs *needs)
{
	if (needs->n && (level->best.n == 0 || needs->rarity > level->best.rarity)) {
		level->best = *needs;
		level->best.is_behind_gap |= level->has_gap;
	}
}

static void take_byte(struct level *level, uint8_t byte, bool is_nocase)
{
	struct needs needs = {0};
	offer(&needs, level->before, byte, is_nocase);
	take(level, &needs);
	level->before = byte;
}

/* A group in a group. It inherits the gap: how far it is searched for. */
static void open_level(struct level *level)
{
	bool has_gap = level[0].has_gap;
	level[0].before = -1;
	level[1] = (struct level){.before = -1, .has_gap = has_gap};
}

/* One element that stands for bytes, with what says how often. */
static bool add_bytes(struct level *level, struct reader *r, enum element element, bool is_nocase)
{
	uint8_t byte = r->byte;
	struct repeat repeat = read_repeat(r);
	if (repeat.is_unknown)
		return false;
	if (element == ELEMENT_BYTE && !repeat.may_lack)
		take_byte(level, byte, is_nocase);
	else
		level->before = -1;
	level->has_gap |= repeat.may_repeat;
	return true;
}

static bool close_level(struct level *level, struct reader *r)
{
	struct repeat repeat = read_repeat(r);
	end_alternative(&level[1]);
	if (!repeat.may_lack)
		take(level, &level[1].all);
	level->before = -1;
	level->has_gap |= level[1].has_gap | repeat.may_repeat;
	return !repeat.is_unknown;
}

void needs_of_pattern(
    const char *text, size_t len, bool is_nocase, bool is_extended, struct needs *out)
{
	struct reader r = {.p = text, .end = text + len};
	struct level levels[DEPTH_MAX + 1];
	size_t depth = 0;
	levels[0] = (struct level){.before = -1};
	*out = (struct needs){0};
	while (!is_extended) {
		enum element element = read_element(&r);
		switch (element) {
		case ELEMENT_BYTE:
		case ELEMENT_ANY:
			if (!add_bytes(&levels[depth], &r, element, is_nocase))
				return;
			break;
		case ELEMENT_NOTHING:
			break;
		case ELEMENT_OPEN:
			if (depth == DEPTH_MAX)
				return;
			open_level(&levels[depth++]);
			break;
		case ELEMENT_CLOSE:
			if (depth == 0 || !close_level(&levels[--depth], &r))
				return;
			break;
		case ELEMENT_BAR:
			end_alternative(&levels[depth]);
			break;
		case ELEMENT_END:
			if (depth)
				return;
			end_alternative(&levels[0]);
			*out = levels[0].all;
			return;
		case ELEMENT_UNKNOWN:
			return;
		}
	}
}

/* ---- looking ---- */

static bool is_second(const struct need *need, const uint8_t *at, const uint8_t *end)
{
	if (need->is_single)
		return true;
	if (at + 1 == end)
		return false;
	return need->second == (need->is_nocase ? fold(at[1]) : at[1]);
}

static bool is_in(const struct need *need, uint8_t first, const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len;
	for (int i = 0; i < FIND_TRIES; i++) {
		const uint8_t *at = memchr(bytes, first, (size_t)(end - bytes));
		if (!at)
			return false;
		if (is_second(need, at, end))
			return true;
		bytes = at + 1;
	}
	return true;
}

bool needs_are_in(const struct needs *needs, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < needs->n; i++) {
		const struct need *need = &needs->any[i];
		if (is_in(need, need->first, bytes, len))
			return true;
		if (need->is_nocase && is_letter(need->first) &&
		    is_in(need, need->first ^ 0x20, bytes, len))
			return true;
	}
	return false;
}
