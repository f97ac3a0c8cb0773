/* parse: one signature file into a struct sig_protocol. Runs when a set is built, one thread; no
 * recursion, bounded tables. It refuses what it does not know, with file:line:column. The language
 * is described in synspect-signatures(5). */
#include "sig/lex.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"

struct parser {
	struct lexer lx;
	struct sig_protocol *protocol;
	const char *contact;
	uint64_t n_open; /* probes and rules so far */
};

static const struct {
	const char *name;
	const char *help;
} fields[] = {
#define FIELD(id, name, help) {name, help},
#include "sig/captures.def"
#undef FIELD
};

enum sig_field sig_field_find(const char *name, size_t len)
{
	for (int i = 0; i < SIG_FIELD_COUNT; i++) {
		if (strlen(fields[i].name) == len && memcmp(fields[i].name, name, len) == 0)
			return (enum sig_field)i;
	}
	return SIG_FIELD_COUNT;
}

const char *sig_field_name(enum sig_field field)
{
	return fields[field].name;
}

/* Reads names up to the end of the statement into list (n_max entries, NULL-terminated when there
 * is room). */
static int parse_names(struct lexer *lx, const char *what, const char **list, size_t n_max)
{
	size_t n = 0;
	do {
		if (n == n_max)
			return lexer_fail(lx, "at most %zu", n_max);
		int rc = lexer_name(lx, what, &list[n++]);
		if (rc)
			return rc;
	} while (lexer_more(lx));
	return lexer_end_statement(lx);
}

static int parse_source(struct lexer *lx, const char **list, size_t n_max)
{
	size_t n = 0;
	while (n < n_max && list[n])
		n++;
	if (n == n_max)
		return lexer_fail(lx, "at most %zu sources", n_max);
	int rc = lexer_text(lx, "a source", &list[n]);
	return rc ? rc : lexer_end_statement(lx);
}

static int parse_ports(struct parser *ps, bool is_shared)
{
	struct lexer *lx = &ps->lx;
	struct sig_port **tail = &ps->protocol->ports;
	while (*tail)
		tail = &(*tail)->next;
	do {
		struct sig_range range = {0};
		struct token at = lx->token;
		struct sig_port *port = arena_alloc(&lx->set->arena, sizeof(*port));
		if (!port)
			return -ENOMEM;
		int rc = lexer_range(lx, "a port", 65535, &range);
		if (!rc && range.lo == 0)
			rc = lexer_fail_at(lx, at.line, at.column, "ports are 1 to 65535");
		if (rc)
			return rc;
		port->lo = (uint16_t)range.lo;
		port->hi = (uint16_t)range.hi;
		port->is_shared = is_shared;
		port->line = at.line;
		*tail = port;
		tail = &port->next;
	} while (lexer_more(lx));
	return lexer_end_statement(lx);
}

/* Adds one send line to a probe. A line with ${contact} is left out when there is no contact, and
 * ${contact} is replaced when there is one. */
static int append_send(struct parser *ps, const struct token *at, const struct sig_literal *line,
    struct sig_probe *probe)
{
	static const char place[] = "${contact}";
	uint8_t bytes[SIG_PROBE_LEN_MAX];
	size_t n = probe->len;
	size_t place_len = sizeof(place) - 1;
	size_t contact_len = ps->contact ? strlen(ps->contact) : 0;
	if (n)
		memcpy(bytes, probe->bytes, n);
	for (size_t i = 0; i < line->len;) {
		const void *from = line->bytes + i;
		size_t step = 1;
		size_t add = 1;
		if (line->len - i >= place_len && memcmp(from, place, place_len) == 0) {
			if (!ps->contact)
				return 0;
			from = ps->contact;
			step = place_len;
			add = contact_len;
		}
		if (add > sizeof(bytes) - n)
			return lexer_fail_at(&ps->lx, at->line, at->column,
			    "a probe may have %d bytes", SIG_PROBE_LEN_MAX);
		memcpy(bytes + n, from, add);
		n += add;
		i += step;
	}
	probe->bytes = (const uint8_t *)arena_strndup(&ps->lx.set->arena, (const char *)bytes, n);
	probe->len = n;
	return probe->bytes ? 0 : -ENOMEM;
}

/* probe NAME, then send, asks. */
static int parse_probe(struct parser *ps)
{
	struct lexer *lx = &ps->lx;
	struct sig_probe_def *def = arena_alloc(&lx->set->arena, sizeof(*def));
	if (!def)
		return -ENOMEM;
	def->line = lx->token.line;
	struct sig_probe_def **tail = &ps->protocol->probes;
	while (*tail)
		tail = &(*tail)->next;
	*tail = def;
	int rc = lexer_name(lx, "the name of the probe", &def->probe.name);
	rc = rc ? rc : lexer_end_statement(lx);
	def->probe.protocol = ps->protocol->name;
	while (!rc) {
		struct token at = lx->token;
		if (at.kind == TOKEN_END_LINE) {
			rc = lexer_next(lx);
		} else if (token_is(&at, "send")) {
			struct sig_literal literal = {0};
			rc = lexer_next(lx);
			rc = rc ? rc : lexer_literal(lx, "what to send", false, &literal);
			rc = rc ? rc : append_send(ps, &at, &literal, &def->probe);
			rc = rc ? rc : lexer_end_statement(lx);
		} else if (token_is(&at, "asks")) {
			rc = lexer_next(lx);
			rc = rc ? rc : parse_names(lx, "the name of a probe", def->asks, 8);
		} else {
			break;
		}
	}
	if (!rc && def->probe.len == 0)
		return lexer_fail_at(
		    lx, def->line, 1, "the probe %s sends nothing", def->probe.name);
	return rc;
}

static int parse_rank(struct lexer *lx, struct sig_rule *rule)
{
	uint64_t rank = 0;
	int rc = lexer_number(lx, "a rank", 100, &rank);
	rule->rank = (uint8_t)rank;
	rule->has_rank = true;
	return rc;
}

/* One statement of a rule other than a condition; *is_known says whether it was one. */
static int parse_rule_statement(struct lexer *lx, struct sig_rule *rule, bool *is_known)
{
	struct token word = lx->token;
	struct sig_assign **assign = &rule->assigns;
	bool is_rank = token_is(&word, "rank");
	bool is_over = token_is(&word, "over");
	bool is_candidates = token_is(&word, "candidates");
	bool is_set = token_is(&word, "set");
	*is_known = is_rank || is_over || is_candidates || is_set || token_is(&word, "value");
	if (!*is_known)
		return 0;
	int rc = lexer_next(lx);
	if (rc)
		return rc;
	if (is_over)
		return parse_names(lx, "a protocol", rule->layers, SIG_LAYERS_MAX);
	if (is_candidates)
		return parse_names(lx, "a protocol", rule->candidates, SIG_CANDIDATES_MAX);
	if (is_rank) {
		rc = parse_rank(lx, rule);
		return rc ? rc : lexer_end_statement(lx);
	}
	while (*assign)
		assign = &(*assign)->next;
	return is_set ? parse_set(lx, assign) : parse_value(lx, assign);
}

static int keep_conds(struct lexer *lx, struct sig_rule *rule, const struct sig_cond *conds)
{
	rule->conds = arena_alloc(&lx->set->arena, rule->n_conds * sizeof(*conds));
	if (!rule->conds)
		return -ENOMEM;
	memcpy(rule->conds, conds, rule->n_conds * sizeof(*conds));
	return 0;
}

/* rule NAME [rank N], then its conditions. */
static int parse_rule(struct parser *ps)
{
	struct lexer *lx = &ps->lx;
	struct sig_cond conds[SIG_CONDS_MAX];
	struct sig_rule *rule = arena_alloc(&lx->set->arena, sizeof(*rule));
	struct sig_rule **tail = &ps->protocol->rules;
	if (!rule)
		return -ENOMEM;
	if (ps->protocol->n_rules == SIG_RULES_MAX)
		return lexer_fail(lx, "more than %d rules", SIG_RULES_MAX);
	rule->line = lx->token.line;
	rule->protocol = ps->protocol;
	int rc = lexer_name(lx, "the name of the rule", &rule->name);
	for (; *tail; tail = &(*tail)->next) {
		if (!rc && strcmp((*tail)->name, rule->name) == 0)
			return lexer_fail_at(lx, rule->line, 1, "a second rule %s", rule->name);
	}
	*tail = rule;
	ps->protocol->n_rules++;
	if (!rc && token_is(&lx->token, "rank")) {
		rc = lexer_next(lx);
		rc = rc ? rc : parse_rank(lx, rule);
	}
	rc = rc ? rc : lexer_end_statement(lx);
	while (!rc) {
		bool is_known = true;
		if (lx->token.kind == TOKEN_END_LINE) {
			rc = lexer_next(lx);
		} else if (parse_is_cond(&lx->token)) {
			if (rule->n_conds == SIG_CONDS_MAX)
				return lexer_fail(lx, "more than %d conditions", SIG_CONDS_MAX);
			rc = parse_cond(lx, &conds[rule->n_conds++]);
		} else {
			rc = parse_rule_statement(lx, rule, &is_known);
			if (!is_known)
				break;
		}
	}
	if (rc)
		return rc;
	if (rule->n_conds == 0)
		return lexer_fail_at(lx, rule->line, 1, "the rule %s has no condition", rule->name);
	if (!rule->has_rank)
		return lexer_fail_at(lx, rule->line, 1, "the rule %s has no rank", rule->name);
	return keep_conds(lx, rule, conds);
}

/* FIELD "text" after a vector. */
static int parse_expect(struct lexer *lx, struct sig_vector *vector)
{
	struct sig_expect *expect = arena_alloc(&lx->set->arena, sizeof(*expect));
	if (!expect)
		return -ENOMEM;
	expect->field = lx->token.kind == TOKEN_WORD ? sig_field_find(lx->token.text, lx->token.len)
						     : SIG_FIELD_COUNT;
	if (expect->field == SIG_FIELD_COUNT)
		return lexer_fail(
		    lx, "expected answers, asked, first, open, as, is, from, a field or the end");
	expect->next = vector->expects;
	vector->expects = expect;
	int rc = lexer_next(lx);
	return rc ? rc : lexer_text(lx, "the text of the field", &expect->text);
}

static int parse_vector_word(struct lexer *lx, struct sig_vector *vector)
{
	struct token word = lx->token;
	struct sig_literal asked = {0};
	bool is_reject = vector->kind == VECTOR_REJECT;
	bool is_flag = token_is(&word, "first") || token_is(&word, "open");
	bool is_named = token_is(&word, "answers") || token_is(&word, "asked") ||
			token_is(&word, "from") || (is_reject && token_is(&word, "is")) ||
			(!is_reject && token_is(&word, "as"));
	if (!is_flag && !is_named)
		return parse_expect(lx, vector);
	int rc = lexer_next(lx);
	if (rc)
		return rc;
	if (is_flag) {
		vector->is_first |= token_is(&word, "first");
		vector->is_open |= token_is(&word, "open");
		return 0;
	}
	if (token_is(&word, "answers"))
		return lexer_name(lx, "the name of a probe", &vector->probe);
	if (token_is(&word, "as"))
		return lexer_name(lx, "the name of a rule", &vector->rule);
	if (token_is(&word, "is"))
		return lexer_name(lx, "a protocol", &vector->is_instead);
	if (token_is(&word, "from"))
		return lexer_text(lx, "where it was seen", &vector->origin);
	rc = lexer_literal(lx, "what had been asked", false, &asked);
	vector->asked = asked.bytes;
	vector->asked_len = asked.len;
	return rc;
}

/* accept|reject|unsure BYTES [answers PROBE] [asked BYTES] [first] [open] [as RULE] [is PROTOCOL]
 * [FIELD "text"]... [from "origin"] */
static int parse_vector(struct parser *ps, enum sig_vector_kind kind)
{
	struct lexer *lx = &ps->lx;
	struct sig_literal literal = {0};
	struct sig_vector **tail = &ps->protocol->vectors;
	struct sig_vector *vector = arena_alloc(&lx->set->arena, sizeof(*vector));
	if (!vector)
		return -ENOMEM;
	while (*tail)
		tail = &(*tail)->next;
	*tail = vector;
	ps->protocol->n_vectors++;
	vector->kind = kind;
	vector->line = lx->token.line;
	int rc = lexer_literal(lx, "the bytes of the vector", false, &literal);
	vector->bytes = literal.bytes;
	vector->len = literal.len;
	while (!rc && lexer_more(lx))
		rc = parse_vector_word(lx, vector);
	return rc ? rc : lexer_end_statement(lx);
}

static int parse_speaks_first(struct parser *ps)
{
	struct lexer *lx = &ps->lx;
	ps->protocol->speaks_first = token_is(&lx->token, "yes");
	if (!token_is(&lx->token, "yes") && !token_is(&lx->token, "no"))
		return lexer_fail(lx, "expected yes or no");
	int rc = lexer_next(lx);
	return rc ? rc : lexer_end_statement(lx);
}

static int parse_file_extract(struct parser *ps)
{
	struct sig_extract **tail = &ps->protocol->extracts;
	while (*tail)
		tail = &(*tail)->next;
	return parse_extract(&ps->lx, tail);
}

static int parse_statement(struct parser *ps)
{
	struct lexer *lx = &ps->lx;
	struct sig_protocol *protocol = ps->protocol;
	struct token word = lx->token;
	int rc = lexer_next(lx);
	if (rc)
		return rc;
	if (token_is(&word, "title")) {
		rc = lexer_text(lx, "a title", &protocol->title);
		return rc ? rc : lexer_end_statement(lx);
	}
	if (token_is(&word, "source"))
		return parse_source(lx, protocol->sources, 8);
	if (token_is(&word, "ports") || token_is(&word, "maybe-ports"))
		return parse_ports(ps, token_is(&word, "maybe-ports"));
	if (token_is(&word, "speaks-first"))
		return parse_speaks_first(ps);
	if (token_is(&word, "over"))
		return parse_names(lx, "a protocol", protocol->layers, SIG_LAYERS_MAX);
	if (token_is(&word, "probe"))
		return parse_probe(ps);
	if (token_is(&word, "rule"))
		return parse_rule(ps);
	if (token_is(&word, "extract"))
		return parse_file_extract(ps);
	if (token_is(&word, "accept"))
		return parse_vector(ps, VECTOR_ACCEPT);
	if (token_is(&word, "reject"))
		return parse_vector(ps, VECTOR_REJECT);
	if (token_is(&word, "unsure"))
		return parse_vector(ps, VECTOR_UNSURE);
	return lexer_fail_at(lx, word.line, word.column,
	    "unknown statement %.*s: see synspect-signatures(5)",
	    (int)(word.len < 40 ? word.len : 40), word.text);
}

/* What a whole file must have. */
static int check_file(const struct parser *ps)
{
	const struct lexer *lx = &ps->lx;
	const struct sig_protocol *protocol = ps->protocol;
	if (!protocol->sources[0])
		return lexer_fail_at(lx, 1, 1,
		    "%s has no source: say which specification or server "
		    "its rules come from",
		    protocol->name);
	if (!protocol->rules && !protocol->probes)
		return lexer_fail_at(lx, 1, 1, "%s has neither a rule nor a probe", protocol->name);
	for (const struct sig_vector *v = protocol->vectors; v; v = v->next) {
		const struct sig_rule *rule = protocol->rules;
		while (v->rule && rule && strcmp(rule->name, v->rule))
			rule = rule->next;
		if (v->rule && !rule)
			return lexer_fail_at(lx, v->line, 1, "there is no rule %s", v->rule);
	}
	return 0;
}

int sig_parse(struct sig_set *set, const char *name, const char *text, size_t len,
    const char *contact, struct diag *diag, struct sig_protocol **out)
{
	struct parser ps = {.contact = contact};
	struct lexer *lx = &ps.lx;
	struct sig_protocol *protocol = arena_alloc(&set->arena, sizeof(*protocol));
	char *file = arena_strndup(&set->arena, name, strlen(name));
	char *copy = arena_strndup(&set->arena, text, len);
	if (!protocol || !file || !copy)
		return -ENOMEM;
	ps.protocol = protocol;
	protocol->file = file;
	protocol->text = copy;
	protocol->text_len = len;
	int rc = lexer_init(lx, set, file, copy, len, diag);
	while (!rc && lx->token.kind == TOKEN_END_LINE)
		rc = lexer_next(lx);
	if (!rc && !token_is(&lx->token, "protocol"))
		return lexer_fail(lx, "a signature file begins with: protocol NAME");
	rc = rc ? rc : lexer_next(lx);
	rc = rc ? rc : lexer_name(lx, "the name of the protocol", &protocol->name);
	rc = rc ? rc : lexer_end_statement(lx);
	while (!rc && lx->token.kind != TOKEN_END_FILE) {
		if (lx->token.kind == TOKEN_END_LINE)
			rc = lexer_next(lx);
		else if (lx->token.kind == TOKEN_WORD)
			rc = parse_statement(&ps);
		else
			rc = lexer_fail(lx, "expected a statement");
	}
	rc = rc ? rc : check_file(&ps);
	if (!rc)
		*out = protocol;
	return rc;
}
