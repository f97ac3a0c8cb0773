/* parse_cond: the statements inside a rule, one condition or one capture each. Runs when a set is
 * built, one thread; no recursion. The language is described in synspect-signatures(5). */
#include "sig/lex.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *word;
	enum sig_int_kind kind;
} int_words[] = {
    {"u8", INT_U8},
    {"be16", INT_BE16},
    {"be24", INT_BE24},
    {"be32", INT_BE32},
    {"be64", INT_BE64},
    {"le16", INT_LE16},
    {"le24", INT_LE24},
    {"le32", INT_LE32},
    {"le64", INT_LE64},
    {"hex2", INT_HEX2},
    {"hex4", INT_HEX4},
    {"hex8", INT_HEX8},
};

static const struct {
	const char *word;
	enum sig_cond_kind kind;
} cond_words[] = {
    {"at", COND_AT},
    {"start", COND_AT},
    {"contains", COND_CONTAINS},
    {"ends", COND_ENDS},
    {"pattern", COND_PATTERN},
    {"header", COND_HEADER},
    {"length", COND_LENGTH},
    {"size", COND_SIZE},
    {"text", COND_TEXT},
    {"skip", COND_SKIP},
    {"ber", COND_BER},
    {"ber-skip", COND_BER_SKIP},
    {"rewind", COND_REWIND},
    {"first", COND_FIRST},
    {"answers", COND_ANSWERS},
    {"asked", COND_ASKED},
    {"echo", COND_ECHO},
};

enum {
	N_INT_WORDS = sizeof(int_words) / sizeof(int_words[0]),
	N_COND_WORDS = sizeof(cond_words) / sizeof(cond_words[0])
};

static bool find_int_word(const struct token *token, enum sig_int_kind *kind)
{
	for (size_t i = 0; i < N_INT_WORDS; i++) {
		if (token_is(token, int_words[i].word)) {
			*kind = int_words[i].kind;
			return true;
		}
	}
	return false;
}

bool parse_is_cond(const struct token *token)
{
	enum sig_int_kind kind = INT_U8;
	for (size_t i = 0; i < N_COND_WORDS; i++) {
		if (token_is(token, cond_words[i].word))
			return true;
	}
	return token_is(token, "not") || find_int_word(token, &kind);
}

/* An integer: TYPE OFFSET [& MASK] [* TIMES] [+ N | - N]; the current word is the type. */
static int parse_int(struct lexer *lx, struct sig_int *out)
{
	uint64_t value = 0;
	*out = (struct sig_int){.mask = UINT64_MAX, .mul = 1};
	if (!find_int_word(&lx->token, &out->kind))
		return lexer_fail(lx,
		    "expected an integer type: u8 be16 be24 be32 be64 le16 le24 le32 "
		    "le64 hex2 hex4 hex8");
	int rc = lexer_next(lx);
	rc = rc ? rc : lexer_number(lx, "an offset", SIG_DATA_MAX, &value);
	out->off = (uint16_t)value;
	if (!rc && token_is(&lx->token, "&")) {
		rc = lexer_next(lx);
		rc = rc ? rc : lexer_number(lx, "a mask", UINT64_MAX, &out->mask);
	}
	if (!rc && token_is(&lx->token, "*")) {
		rc = lexer_next(lx);
		rc = rc ? rc : lexer_number(lx, "a factor", 65536, &value);
		out->mul = (uint32_t)value;
	}
	if (!rc && (token_is(&lx->token, "+") || token_is(&lx->token, "-"))) {
		bool is_minus = token_is(&lx->token, "-");
		rc = lexer_next(lx);
		rc = rc ? rc : lexer_number(lx, "a number to add", 65536, &value);
		out->add = is_minus ? -(int64_t)value : (int64_t)value;
	}
	return rc;
}

/* Stores n ranges in the arena. */
static int keep_ranges(
    struct lexer *lx, struct sig_cond *cond, const struct sig_range *ranges, size_t n)
{
	cond->ranges = arena_alloc(&lx->set->arena, n * sizeof(*ranges));
	if (!cond->ranges)
		return -ENOMEM;
	memcpy(cond->ranges, ranges, n * sizeof(*ranges));
	cond->n_ranges = (uint8_t)n;
	return 0;
}

static int parse_ranges(struct lexer *lx, struct sig_cond *cond, const char *what, uint64_t max)
{
	struct sig_range ranges[SIG_RANGES_MAX];
	size_t n = 0;
	do {
		if (n == SIG_RANGES_MAX)
			return lexer_fail(lx, "more than %d ranges", SIG_RANGES_MAX);
		int rc = lexer_range(lx, what, max, &ranges[n++]);
		if (rc)
			return rc;
	} while (lexer_more(lx));
	return keep_ranges(lx, cond, ranges, n);
}

/* TYPE OFFSET ... OP VALUE */
static int parse_int_cond(struct lexer *lx, struct sig_cond *cond)
{
	uint64_t value = 0;
	struct sig_range range = {0, UINT64_MAX};
	int rc = parse_int(lx, &cond->number);
	if (rc)
		return rc;
	struct token op = lx->token;
	if (!(token_is(&op, "=") || token_is(&op, "!=") || token_is(&op, "<") ||
		token_is(&op, "<=") || token_is(&op, ">") || token_is(&op, ">=") ||
		token_is(&op, "in")))
		return lexer_fail(lx, "expected = != < <= > >= or in");
	rc = lexer_next(lx);
	if (rc)
		return rc;
	if (token_is(&op, "in"))
		return parse_ranges(lx, cond, "a value", UINT64_MAX);
	struct token at = lx->token;
	rc = lexer_number(lx, "a value", UINT64_MAX, &value);
	if (rc)
		return rc;
	if (token_is(&op, "=") || token_is(&op, "!="))
		range = (struct sig_range){value, value};
	else if (token_is(&op, "<="))
		range.hi = value;
	else if (token_is(&op, ">="))
		range.lo = value;
	else if (token_is(&op, "<") && value > 0)
		range.hi = value - 1;
	else if (token_is(&op, ">") && value < UINT64_MAX)
		range.lo = value + 1;
	else
		return lexer_fail_at(lx, at.line, at.column, "no number is that");
	if (token_is(&op, "!="))
		cond->is_negated = !cond->is_negated;
	return keep_ranges(lx, cond, &range, 1);
}

/* LITERAL [| LITERAL]... */
static int parse_literals(struct lexer *lx, struct sig_cond *cond, bool may_mask)
{
	struct sig_literal literals[SIG_ALTS_MAX];
	size_t n = 0;
	for (;;) {
		if (n == SIG_ALTS_MAX)
			return lexer_fail(lx, "more than %d alternatives", SIG_ALTS_MAX);
		int rc = lexer_literal(lx, "bytes", may_mask, &literals[n++]);
		if (rc)
			return rc;
		if (!token_is(&lx->token, "|"))
			break;
		rc = lexer_next(lx);
		if (rc)
			return rc;
	}
	cond->literals = arena_alloc(&lx->set->arena, n * sizeof(literals[0]));
	if (!cond->literals)
		return -ENOMEM;
	memcpy(cond->literals, literals, n * sizeof(literals[0]));
	cond->n_literals = (uint8_t)n;
	return 0;
}

/* Lower-cases the literals for nocase. */
static int make_nocase(struct lexer *lx, struct sig_cond *cond)
{
	for (size_t i = 0; i < cond->n_literals; i++) {
		struct sig_literal *literal = &cond->literals[i];
		char *copy =
		    arena_strndup(&lx->set->arena, (const char *)literal->bytes, literal->len);
		if (!copy)
			return -ENOMEM;
		for (size_t k = 0; k < literal->len; k++) {
			if (copy[k] >= 'A' && copy[k] <= 'Z')
				copy[k] = (char)(copy[k] | 0x20);
		}
		literal->bytes = (const uint8_t *)copy;
		literal->is_nocase = true;
	}
	return 0;
}

/* [within A..B] [nocase], in any order. */
static int parse_window(struct lexer *lx, struct sig_cond *cond, bool may_window)
{
	int rc = 0;
	while (!rc && lexer_more(lx)) {
		struct sig_range range = {0};
		if (may_window && token_is(&lx->token, "within")) {
			rc = lexer_next(lx);
			rc = rc ? rc : lexer_range(lx, "a window", SIG_DATA_MAX - 1, &range);
			cond->lo = (uint16_t)(range.lo == range.hi ? 0 : range.lo);
			cond->hi = (uint16_t)range.hi;
		} else if (token_is(&lx->token, "nocase")) {
			rc = lexer_next(lx);
			rc = rc ? rc : make_nocase(lx, cond);
		} else {
			return lexer_fail(lx, may_window ? "expected within, nocase, | or the end"
							 : "expected nocase, | or the end");
		}
	}
	return rc;
}

static int keep_pattern(struct lexer *lx, struct pattern *pattern)
{
	struct pattern_list *node = arena_alloc(&lx->set->arena, sizeof(*node));
	if (!node) {
		pattern_destroy(pattern);
		return -ENOMEM;
	}
	*node = (struct pattern_list){.next = lx->set->patterns, .pattern = pattern};
	lx->set->patterns = node;
	return 0;
}

/* Which group fills which field. */
static int map_groups(struct lexer *lx, const struct token *at, struct sig_cond *cond)
{
	uint8_t map[PATTERN_GROUPS_MAX + 1];
	const char *name = NULL;
	bool is_used = false;
	memset(map, SIG_FIELD_COUNT, sizeof(map));
	if (pattern_group_count(cond->pattern) > PATTERN_GROUPS_MAX)
		return lexer_fail_at(lx, at->line, at->column,
		    "more than %d groups: use (?:...) for those that capture nothing",
		    PATTERN_GROUPS_MAX);
	for (unsigned i = 0, group; (group = pattern_get_name(cond->pattern, i, &name)) > 0; i++) {
		enum sig_field field = sig_field_find(name, strlen(name));
		if (field == SIG_FIELD_COUNT)
			return lexer_fail_at(lx, at->line, at->column,
			    "%s is not a field: see synspect-signatures(5)", name);
		map[group] = (uint8_t)field;
		is_used = true;
	}
	if (!is_used)
		return 0;
	uint8_t *copy = arena_alloc(&lx->set->arena, sizeof(map));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, map, sizeof(map));
	cond->field_of_group = copy;
	return 0;
}

/* /PATTERN/FLAGS [within N] */
static int parse_pattern(struct lexer *lx, struct sig_cond *cond)
{
	char err[128] = "";
	size_t err_off = 0;
	struct token at = lx->token;
	uint64_t window = SIG_PATTERN_WINDOW;
	if (at.kind != TOKEN_PATTERN)
		return lexer_fail(lx, "expected a pattern: /.../");
	int rc =
	    pattern_create(at.text, at.len, at.flags, err, sizeof(err), &err_off, &cond->pattern);
	if (rc == -EINVAL)
		return lexer_fail_at(lx, at.line, at.column + 1 + (uint32_t)err_off, "%s", err);
	rc = rc ? rc : keep_pattern(lx, cond->pattern);
	rc = rc ? rc : map_groups(lx, &at, cond);
	rc = rc ? rc : lexer_next(lx);
	if (!rc && token_is(&lx->token, "within")) {
		rc = lexer_next(lx);
		rc = rc ? rc : lexer_number(lx, "a window", SIG_DATA_MAX, &window);
	}
	cond->hi = (uint16_t)window;
	return rc;
}

/* header "Name" [/PATTERN/] */
static int parse_header(struct lexer *lx, struct sig_cond *cond)
{
	int rc = parse_literals(lx, cond, false);
	rc = rc ? rc : make_nocase(lx, cond);
	if (!rc && lx->token.kind == TOKEN_PATTERN)
		rc = parse_pattern(lx, cond);
	return rc;
}

/* length INT [whole|exact|cut] */
static int parse_length(struct lexer *lx, struct sig_cond *cond)
{
	static const char *const modes[] = {"whole", "exact", "cut"};
	int rc = parse_int(lx, &cond->number);
	if (rc || !lexer_more(lx))
		return rc;
	for (size_t i = 0; i < LENGTH_MODE_COUNT; i++) {
		if (token_is(&lx->token, modes[i])) {
			cond->mode = (enum sig_length_mode)i;
			return lexer_next(lx);
		}
	}
	return lexer_fail(lx, "expected whole, exact or cut");
}

/* skip N | skip INT | skip past LITERALS [within A..B] */
static int parse_skip(struct lexer *lx, struct sig_cond *cond)
{
	enum sig_int_kind kind = INT_U8;
	uint64_t value = 0;
	if (token_is(&lx->token, "past")) {
		cond->kind = COND_SKIP_PAST;
		int rc = lexer_next(lx);
		rc = rc ? rc : parse_literals(lx, cond, true);
		return rc ? rc : parse_window(lx, cond, true);
	}
	if (find_int_word(&lx->token, &kind))
		return parse_int(lx, &cond->number);
	int rc = lexer_number(lx, "how far to skip, a type or past", SIG_DATA_MAX, &value);
	cond->number = (struct sig_int){.add = (int64_t)value};
	return rc;
}

/* ber TAG [whole|exact|cut], ber-skip TAG */
static int parse_ber(struct lexer *lx, struct sig_cond *cond)
{
	struct token at = lx->token;
	struct sig_literal tag = {0};
	int rc = lexer_literal(lx, "a tag", false, &tag);
	if (rc)
		return rc;
	if (tag.len != 1)
		return lexer_fail_at(lx, at.line, at.column, "a tag is one byte: [30]");
	cond->tag = tag.bytes[0];
	cond->mode = LENGTH_CUT;
	if (cond->kind == COND_BER && token_is(&lx->token, "whole"))
		cond->mode = LENGTH_WHOLE;
	else if (cond->kind == COND_BER && token_is(&lx->token, "exact"))
		cond->mode = LENGTH_EXACT;
	else if (cond->kind != COND_BER || !token_is(&lx->token, "cut"))
		return 0;
	return lexer_next(lx);
}

/* answers NAME... */
static int parse_answers(struct lexer *lx, struct sig_cond *cond)
{
	const char *names[SIG_ALTS_MAX];
	size_t n = 0;
	do {
		if (n == SIG_ALTS_MAX)
			return lexer_fail(lx, "more than %d probes", SIG_ALTS_MAX);
		int rc = lexer_name(lx, "the name of a probe", &names[n++]);
		if (rc)
			return rc;
	} while (lexer_more(lx));
	const char **copy = arena_alloc(&lx->set->arena, (n + 1) * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, names, n * sizeof(*copy));
	cond->probe_names = copy;
	return 0;
}

static int parse_at(struct lexer *lx, struct sig_cond *cond, bool has_offset)
{
	uint64_t off = 0;
	int rc = has_offset ? lexer_number(lx, "an offset", SIG_DATA_MAX - 1, &off) : 0;
	cond->off = (uint16_t)off;
	rc = rc ? rc : parse_literals(lx, cond, true);
	return rc ? rc : parse_window(lx, cond, false);
}

static int parse_body(struct lexer *lx, struct sig_cond *cond, const struct token *word)
{
	uint64_t value = 0;
	int rc = 0;
	switch (cond->kind) {
	case COND_AT:
		return parse_at(lx, cond, token_is(word, "at"));
	case COND_CONTAINS:
		rc = parse_literals(lx, cond, true);
		return rc ? rc : parse_window(lx, cond, true);
	case COND_ENDS:
	case COND_ASKED:
		rc = parse_literals(lx, cond, true);
		return rc ? rc : parse_window(lx, cond, false);
	case COND_PATTERN:
		return parse_pattern(lx, cond);
	case COND_HEADER:
		return parse_header(lx, cond);
	case COND_INT:
		return parse_int_cond(lx, cond);
	case COND_LENGTH:
		return parse_length(lx, cond);
	case COND_SIZE:
		return parse_ranges(lx, cond, "a size", SIG_DATA_MAX);
	case COND_TEXT:
		value = SIG_DATA_MAX;
		rc = lexer_more(lx) ? lexer_number(lx, "how many bytes", SIG_DATA_MAX, &value) : 0;
		cond->hi = (uint16_t)value;
		return rc;
	case COND_SKIP:
	case COND_SKIP_PAST:
		return parse_skip(lx, cond);
	case COND_BER:
	case COND_BER_SKIP:
		return parse_ber(lx, cond);
	case COND_ANSWERS:
		return parse_answers(lx, cond);
	case COND_REWIND:
	case COND_FIRST:
	case COND_ECHO:
	case COND_KIND_COUNT:
		return 0;
	}
	return 0;
}

int parse_cond(struct lexer *lx, struct sig_cond *out)
{
	int rc = 0;
	*out = (struct sig_cond){.hi = SIG_DATA_MAX - 1, .kind = COND_INT};
	out->line = lx->token.line;
	out->column = lx->token.column;
	if (token_is(&lx->token, "not")) {
		out->is_negated = true;
		rc = lexer_next(lx);
		if (rc)
			return rc;
	}
	struct token word = lx->token;
	for (size_t i = 0; i < N_COND_WORDS; i++) {
		if (token_is(&word, cond_words[i].word))
			out->kind = cond_words[i].kind;
	}
	if (out->is_negated &&
	    (!parse_is_cond(&word) || token_is(&word, "not") || out->kind == COND_SKIP ||
		out->kind == COND_BER || out->kind == COND_BER_SKIP || out->kind == COND_REWIND))
		return lexer_fail(lx, "not needs a condition that does not move");
	if (out->kind != COND_INT)
		rc = lexer_next(lx);
	rc = rc ? rc : parse_body(lx, out, &word);
	return rc ? rc : lexer_end_statement(lx);
}

static int parse_field(struct lexer *lx, enum sig_field *out)
{
	*out = lx->token.kind == TOKEN_WORD ? sig_field_find(lx->token.text, lx->token.len)
					    : SIG_FIELD_COUNT;
	if (*out == SIG_FIELD_COUNT)
		return lexer_fail(lx, "expected a field: see synspect-signatures(5)");
	return lexer_next(lx);
}

/* [FIELD "constant"]... up to the end of the statement. */
static int parse_constants(struct lexer *lx, struct sig_assign **list)
{
	while (lexer_more(lx)) {
		struct sig_assign *assign = arena_alloc(&lx->set->arena, sizeof(*assign));
		if (!assign)
			return -ENOMEM;
		int rc = parse_field(lx, &assign->field);
		rc = rc ? rc : lexer_text(lx, "a constant", &assign->text);
		if (rc)
			return rc;
		*list = assign;
		list = &assign->next;
	}
	return 0;
}

int parse_set(struct lexer *lx, struct sig_assign **out)
{
	if (!lexer_more(lx))
		return lexer_fail(lx, "expected a field and its text");
	int rc = parse_constants(lx, out);
	return rc ? rc : lexer_end_statement(lx);
}

int parse_value(struct lexer *lx, struct sig_assign **out)
{
	struct sig_value_name names[64];
	size_t n = 0;
	struct sig_assign *assign = arena_alloc(&lx->set->arena, sizeof(*assign));
	if (!assign)
		return -ENOMEM;
	int rc = parse_field(lx, &assign->field);
	rc = rc ? rc : parse_int(lx, &assign->number);
	if (!rc && token_is(&lx->token, "hex")) {
		assign->is_hex = true;
		rc = lexer_next(lx);
	}
	while (!rc && lexer_more(lx)) {
		if (n == sizeof(names) / sizeof(names[0]))
			return lexer_fail(lx, "more than 64 named values");
		rc = lexer_number(lx, "a value", UINT64_MAX, &names[n].value);
		rc = rc ? rc : lexer_text(lx, "its name", &names[n].text);
		n++;
	}
	if (rc)
		return rc;
	struct sig_value_name *copy = arena_alloc(&lx->set->arena, n * sizeof(names[0]) + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, names, n * sizeof(names[0]));
	assign->names = copy;
	assign->n_names = (uint8_t)n;
	*out = assign;
	return lexer_end_statement(lx);
}

int parse_extract(struct lexer *lx, struct sig_extract **out)
{
	struct sig_extract *extract = arena_alloc(&lx->set->arena, sizeof(*extract));
	if (!extract)
		return -ENOMEM;
	struct sig_cond *cond = &extract->cond;
	int rc = 0;
	cond->line = lx->token.line;
	cond->column = lx->token.column;
	if (token_is(&lx->token, "header")) {
		cond->kind = COND_HEADER;
		rc = lexer_next(lx);
		rc = rc ? rc : parse_header(lx, cond);
		if (!rc && !cond->pattern)
			return lexer_fail(lx, "expected a pattern for the value of the header");
	} else {
		cond->kind = COND_PATTERN;
		rc = parse_pattern(lx, cond);
	}
	rc = rc ? rc : parse_constants(lx, &extract->assigns);
	*out = extract;
	return rc ? rc : lexer_end_statement(lx);
}
