#ifndef SIG_LEX_H
#define SIG_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sig/model.h"

/* Words of a signature file. Private to the parser. */
enum token_kind {
	TOKEN_END_LINE,
	TOKEN_END_FILE,
	TOKEN_WORD,    /* letters, digits and _ . : - and , */
	TOKEN_LITERAL, /* "text" or [hex]: literal is set */
	TOKEN_PATTERN, /* /text/flags */
	TOKEN_SIGN,    /* one of | = ! < > & + - * and the pairs != <= >= */
	TOKEN_KIND_COUNT,
};

enum { TOKEN_LITERAL_MAX = 4096 };

struct token {
	enum token_kind kind;
	const char *text;
	size_t len;
	uint32_t line;
	uint32_t column;
	struct sig_literal literal; /* TOKEN_LITERAL; in the arena */
	struct pattern_flags flags; /* TOKEN_PATTERN */
};

/* The reader of one file. token is the current word. */
struct lexer {
	struct sig_set *set;
	const char *file;
	const char *p;
	const char *end;
	const char *line_start;
	uint32_t line;
	struct token token;
	struct diag *diag;
};

/* Starts at the first word of the len bytes at text (borrowed). */
int lexer_init(struct lexer *lx, struct sig_set *set, const char *file, const char *text,
    size_t len, struct diag *diag) __attribute__((warn_unused_result));

/* Moves on to the next word. Returns 0, -EINVAL with diag, or -ENOMEM. */
int lexer_next(struct lexer *lx) __attribute__((warn_unused_result));

/* Reports a mistake at the current word. Returns -EINVAL. */
int lexer_fail(const struct lexer *lx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int lexer_fail_at(const struct lexer *lx, uint32_t line, uint32_t column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

bool token_is(const struct token *token, const char *text);

/* True when the statement has another word. */
bool lexer_more(const struct lexer *lx);

/* Reads the current word as a number (decimal or 0x hex) of at most max, and moves on. what names
 * it in the diagnostic. */
int lexer_number(struct lexer *lx, const char *what, uint64_t max, uint64_t *out)
    __attribute__((warn_unused_result));

/* Reads the current word as A..B, A.. or a single number, and moves on. */
int lexer_range(struct lexer *lx, const char *what, uint64_t max, struct sig_range *out)
    __attribute__((warn_unused_result));

/* Reads a name (lower case letters, digits, - _ .; at most SIG_NAME_MAX - 1) into the arena. */
int lexer_name(struct lexer *lx, const char *what, const char **out)
    __attribute__((warn_unused_result));

/* Reads one or more adjacent literals as one. With may_mask false, wildcards are refused. */
int lexer_literal(struct lexer *lx, const char *what, bool may_mask, struct sig_literal *out)
    __attribute__((warn_unused_result));

/* Reads one literal without wildcards and NULs as text. */
int lexer_text(struct lexer *lx, const char *what, const char **out)
    __attribute__((warn_unused_result));

/* Demands the end of the statement and moves to the next one. */
int lexer_end_statement(struct lexer *lx) __attribute__((warn_unused_result));

/* Parses one condition of a rule; the current word is its keyword (after a not). */
int parse_cond(struct lexer *lx, struct sig_cond *out) __attribute__((warn_unused_result));

/* True when the word begins a condition. */
bool parse_is_cond(const struct token *token);

/* Parses "extract ..." and "value ..."/"set ...", after their keyword. */
int parse_extract(struct lexer *lx, struct sig_extract **out) __attribute__((warn_unused_result));
int parse_value(struct lexer *lx, struct sig_assign **out) __attribute__((warn_unused_result));
int parse_set(struct lexer *lx, struct sig_assign **out) __attribute__((warn_unused_result));

#endif
