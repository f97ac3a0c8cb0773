/* lex: signature text into words. Runs when a set is built, one thread. It refuses control bytes,
 * unknown escapes and open quotes, and says where (line and column count from 1, in bytes). */
#include "sig/lex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"

int lexer_fail_at(const struct lexer *lx, uint32_t line, uint32_t column, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return diag_set(lx->diag, -EINVAL, "%s:%u:%u: %s", lx->file, line, column, text);
}

int lexer_fail(const struct lexer *lx, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return lexer_fail_at(lx, lx->token.line, lx->token.column, "%s", text);
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == ':' || c == '-' || c == ',';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static uint32_t column_of(const struct lexer *lx)
{
	return (uint32_t)(lx->p - lx->line_start) + 1;
}

static int fail_here(const struct lexer *lx, const char *text)
{
	return lexer_fail_at(lx, lx->line, column_of(lx), "%s", text);
}

/* Copies n bytes (and their masks, when one is not all ones) into the arena. */
static int keep_literal(struct lexer *lx, const uint8_t *bytes, const uint8_t *mask, size_t n)
{
	struct sig_literal *literal = &lx->token.literal;
	bool has_mask = false;
	for (size_t i = 0; i < n; i++)
		has_mask |= mask && mask[i] != 0xff;
	char *copy = arena_strndup(&lx->set->arena, (const char *)bytes, n);
	char *copy_mask = has_mask ? arena_strndup(&lx->set->arena, (const char *)mask, n) : NULL;
	if (!copy || (has_mask && !copy_mask))
		return -ENOMEM;
	*literal = (struct sig_literal){
	    .bytes = (const uint8_t *)copy, .mask = (const uint8_t *)copy_mask, .len = (uint16_t)n};
	lx->token.kind = TOKEN_LITERAL;
	return 0;
}

static int read_escape(struct lexer *lx, uint8_t *out)
{
	static const char from[] = "rnt0\\\"";
	static const char to[] = "\r\n\t\0\\\"";
	const char *at = lx->p < lx->end && *lx->p ? strchr(from, *lx->p) : NULL;
	if (at) {
		*out = (uint8_t)to[at - from];
		lx->p++;
		return 0;
	}
	if (lx->end - lx->p >= 3 && *lx->p == 'x' && hex_digit(lx->p[1]) >= 0 &&
	    hex_digit(lx->p[2]) >= 0) {
		*out = (uint8_t)(hex_digit(lx->p[1]) << 4 | hex_digit(lx->p[2]));
		lx->p += 3;
		return 0;
	}
	return fail_here(lx, "unknown escape: use \\r \\n \\t \\0 \\\\ \\\" or \\xHH");
}

static int read_string(struct lexer *lx)
{
	uint8_t bytes[TOKEN_LITERAL_MAX];
	size_t n = 0;
	lx->p++;
	for (;;) {
		if (lx->p == lx->end || *lx->p == '\n')
			return lexer_fail(lx, "the text has no closing quote");
		if (n == sizeof(bytes))
			return lexer_fail(lx, "more than %d bytes", TOKEN_LITERAL_MAX);
		char c = *lx->p++;
		if (c == '"')
			break;
		bytes[n] = (uint8_t)c;
		if (c == '\\') {
			int rc = read_escape(lx, &bytes[n]);
			if (rc)
				return rc;
		}
		n++;
	}
	if (n == 0)
		return lexer_fail(lx, "the text is empty");
	return keep_literal(lx, bytes, NULL, n);
}

/* One nibble: a digit, or ? which counts for nothing. */
static int read_nibble(struct lexer *lx, unsigned *value, unsigned *mask)
{
	int digit = lx->p < lx->end ? hex_digit(*lx->p) : -1;
	if (digit < 0 && (lx->p == lx->end || *lx->p != '?'))
		return fail_here(lx, "expected two hex digits (or ?) for each byte");
	*value = *value << 4 | (digit >= 0 ? (unsigned)digit : 0);
	*mask = *mask << 4 | (digit >= 0 ? 0xf : 0);
	lx->p++;
	return 0;
}

/* The count after a byte in [00*16]; 1 when there is none. */
static int read_repeat(struct lexer *lx, size_t *repeat)
{
	*repeat = 1;
	if (lx->p == lx->end || *lx->p != '*')
		return 0;
	lx->p++;
	*repeat = 0;
	while (lx->p < lx->end && *lx->p >= '0' && *lx->p <= '9' && *repeat <= TOKEN_LITERAL_MAX)
		*repeat = *repeat * 10 + (size_t)(*lx->p++ - '0');
	return *repeat ? 0 : fail_here(lx, "expected a count after *");
}

/* Blanks, comments and continued lines. */
static void skip_blanks(struct lexer *lx)
{
	while (lx->p < lx->end) {
		const char *p = lx->p;
		if (*p == ' ' || *p == '\t' || (*p == '\r' && lx->end - p > 1 && p[1] == '\n')) {
			lx->p++;
		} else if (*p == '#') {
			while (lx->p < lx->end && *lx->p != '\n')
				lx->p++;
		} else if (*p == '\\' && lx->end - p > 1 && p[1] == '\n') {
			lx->p += 2;
			lx->line++;
			lx->line_start = lx->p;
		} else {
			return;
		}
	}
}

static int read_hex(struct lexer *lx)
{
	uint8_t bytes[TOKEN_LITERAL_MAX];
	uint8_t masks[TOKEN_LITERAL_MAX];
	size_t n = 0;
	lx->p++;
	for (;;) {
		skip_blanks(lx);
		if (lx->p == lx->end || *lx->p == '\n')
			return lexer_fail(lx, "the bytes have no closing bracket");
		if (*lx->p == ']')
			break;
		unsigned value = 0;
		unsigned mask = 0;
		size_t repeat = 1;
		int rc = read_nibble(lx, &value, &mask);
		rc = rc ? rc : read_nibble(lx, &value, &mask);
		rc = rc ? rc : read_repeat(lx, &repeat);
		if (rc)
			return rc;
		if (repeat > sizeof(bytes) - n)
			return lexer_fail(lx, "more than %d bytes", TOKEN_LITERAL_MAX);
		memset(bytes + n, (int)value, repeat);
		memset(masks + n, (int)mask, repeat);
		n += repeat;
	}
	lx->p++;
	if (n == 0)
		return lexer_fail(lx, "there are no bytes between the brackets");
	return keep_literal(lx, bytes, masks, n);
}

static int read_pattern(struct lexer *lx)
{
	struct token *token = &lx->token;
	token->kind = TOKEN_PATTERN;
	token->text = ++lx->p;
	while (lx->p < lx->end && *lx->p != '/' && *lx->p != '\n')
		lx->p += *lx->p == '\\' && lx->end - lx->p > 1 && lx->p[1] != '\n' ? 2 : 1;
	if (lx->p >= lx->end || *lx->p != '/')
		return lexer_fail(lx, "the pattern has no closing /");
	token->len = (size_t)(lx->p++ - token->text);
	for (; lx->p < lx->end && is_word_byte(*lx->p); lx->p++) {
		switch (*lx->p) {
		case 'i':
			token->flags.is_nocase = true;
			break;
		case 'u':
			token->flags.is_floating = true;
			break;
		case 'm':
			token->flags.is_multiline = true;
			break;
		case 'n':
			token->flags.is_line_dot = true;
			break;
		case 'x':
			token->flags.is_extended = true;
			break;
		default:
			return fail_here(lx, "unknown pattern flag: use i, u, m, n or x");
		}
	}
	return 0;
}

int lexer_next(struct lexer *lx)
{
	struct token *token = &lx->token;
	skip_blanks(lx);
	*token = (struct token){.text = lx->p, .line = lx->line, .column = column_of(lx)};
	if (lx->p == lx->end) {
		token->kind = TOKEN_END_FILE;
		return 0;
	}
	char c = *lx->p;
	if (c == '\n') {
		token->kind = TOKEN_END_LINE;
		lx->p++;
		lx->line++;
		lx->line_start = lx->p;
		return 0;
	}
	if (c == '"')
		return read_string(lx);
	if (c == '[')
		return read_hex(lx);
	if (c == '/')
		return read_pattern(lx);
	if (is_word_byte(c) && !(c == '-' && (lx->end - lx->p < 2 || !is_word_byte(lx->p[1])))) {
		token->kind = TOKEN_WORD;
		while (lx->p < lx->end && is_word_byte(*lx->p))
			lx->p++;
	} else if (c && strchr("|=!<>&+-*", c)) {
		token->kind = TOKEN_SIGN;
		lx->p++;
		if (lx->p < lx->end && *lx->p == '=' && strchr("!<>", c))
			lx->p++;
	} else {
		return lexer_fail(lx, "unexpected byte 0x%02x", (unsigned)(unsigned char)c);
	}
	token->len = (size_t)(lx->p - token->text);
	return 0;
}

int lexer_init(struct lexer *lx, struct sig_set *set, const char *file, const char *text,
    size_t len, struct diag *diag)
{
	*lx = (struct lexer){.set = set,
	    .file = file,
	    .p = text,
	    .end = text + len,
	    .line_start = text,
	    .line = 1,
	    .diag = diag};
	return lexer_next(lx);
}

bool token_is(const struct token *token, const char *text)
{
	return (token->kind == TOKEN_WORD || token->kind == TOKEN_SIGN) &&
	       token->len == strlen(text) && memcmp(token->text, text, token->len) == 0;
}

bool lexer_more(const struct lexer *lx)
{
	return lx->token.kind != TOKEN_END_LINE && lx->token.kind != TOKEN_END_FILE;
}

/* Reads digits of [p, end) and says how many bytes they were; 0: no number, or over max. */
static size_t scan_number(const char *p, const char *end, uint64_t max, uint64_t *out)
{
	const char *start = p;
	unsigned base = 10;
	uint64_t value = 0;
	if (end - p > 2 && p[0] == '0' && p[1] == 'x') {
		base = 16;
		p += 2;
	}
	const char *digits = p;
	for (; p < end; p++) {
		int digit = hex_digit(*p);
		if (digit < 0 || (unsigned)digit >= base)
			break;
		if (value > (UINT64_MAX - (unsigned)digit) / base)
			return 0;
		value = value * base + (unsigned)digit;
	}
	if (p == digits || value > max)
		return 0;
	*out = value;
	return (size_t)(p - start);
}

int lexer_number(struct lexer *lx, const char *what, uint64_t max, uint64_t *out)
{
	const struct token *token = &lx->token;
	if (token->kind != TOKEN_WORD ||
	    scan_number(token->text, token->text + token->len, max, out) != token->len)
		return lexer_fail(
		    lx, "expected %s: a number from 0 to %llu", what, (unsigned long long)max);
	return lexer_next(lx);
}

int lexer_range(struct lexer *lx, const char *what, uint64_t max, struct sig_range *out)
{
	const struct token *token = &lx->token;
	const char *end = token->text + token->len;
	size_t n = token->kind == TOKEN_WORD ? scan_number(token->text, end, max, &out->lo) : 0;
	size_t left = token->len - n;
	size_t sign =
	    left >= 2 && !memcmp(token->text + n, "..", 2) ? 2 : left && token->text[n] == '-';
	out->hi = out->lo;
	if (n && sign) {
		n += sign;
		out->hi = max;
		if (n < token->len)
			n += scan_number(token->text + n, end, max, &out->hi);
	}
	if (n == 0 || n != token->len || out->lo > out->hi)
		return lexer_fail(lx, "expected %s: a number or LOW..HIGH, at most %llu", what,
		    (unsigned long long)max);
	return lexer_next(lx);
}

int lexer_name(struct lexer *lx, const char *what, const char **out)
{
	const struct token *token = &lx->token;
	bool is_good = token->kind == TOKEN_WORD && token->len < SIG_NAME_MAX;
	for (size_t i = 0; is_good && i < token->len; i++) {
		char c = token->text[i];
		is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			  (i > 0 && (c == '-' || c == '_' || c == '.'));
	}
	if (!is_good)
		return lexer_fail(lx,
		    "expected %s: lower case letters, digits and - _ . (%d at most)", what,
		    SIG_NAME_MAX - 1);
	*out = arena_strndup(&lx->set->arena, token->text, token->len);
	return *out ? lexer_next(lx) : -ENOMEM;
}

int lexer_literal(struct lexer *lx, const char *what, bool may_mask, struct sig_literal *out)
{
	uint8_t bytes[TOKEN_LITERAL_MAX];
	uint8_t masks[TOKEN_LITERAL_MAX];
	size_t n = 0;
	size_t n_parts = 0;
	if (lx->token.kind != TOKEN_LITERAL)
		return lexer_fail(lx, "expected %s: \"text\" or [hex]", what);
	while (lx->token.kind == TOKEN_LITERAL) {
		const struct sig_literal *part = &lx->token.literal;
		if (part->mask && !may_mask)
			return lexer_fail(lx, "? has no meaning here");
		if (part->len > sizeof(bytes) - n)
			return lexer_fail(lx, "more than %d bytes", TOKEN_LITERAL_MAX);
		memcpy(bytes + n, part->bytes, part->len);
		if (part->mask)
			memcpy(masks + n, part->mask, part->len);
		else
			memset(masks + n, 0xff, part->len);
		n += part->len;
		*out = *part;
		n_parts++;
		int rc = lexer_next(lx);
		if (rc)
			return rc;
	}
	if (n_parts == 1)
		return 0;
	struct token after = lx->token;
	int rc = keep_literal(lx, bytes, masks, n);
	*out = lx->token.literal;
	lx->token = after;
	return rc;
}

int lexer_text(struct lexer *lx, const char *what, const char **out)
{
	struct sig_literal literal = {0};
	struct token at = lx->token;
	int rc = lexer_literal(lx, what, false, &literal);
	if (rc)
		return rc;
	if (memchr(literal.bytes, 0, literal.len))
		return lexer_fail_at(
		    lx, at.line, at.column, "%s must not contain a zero byte", what);
	*out = (const char *)literal.bytes;
	return 0;
}

int lexer_end_statement(struct lexer *lx)
{
	if (lexer_more(lx))
		return lexer_fail(lx, "the statement should end here");
	return lx->token.kind == TOKEN_END_FILE ? 0 : lexer_next(lx);
}
