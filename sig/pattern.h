#ifndef SIG_PATTERN_H
#define SIG_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sig/needs.h"

/* Regular expressions, bounded. The only user of PCRE2. */
struct pattern;
struct pattern_scratch;

enum { PATTERN_NAMES_MAX = 8, PATTERN_GROUPS_MAX = 16 };

struct pattern_flags {
	bool is_nocase;    /* i */
	bool is_floating;  /* u: may match anywhere, not only where it is applied */
	bool is_multiline; /* m: ^ and $ match at lines */
	bool
	    is_line_dot; /* n: the dot does not match a newline (by default it matches all bytes) */
	bool is_extended; /* x: blanks and comments in the pattern are skipped */
};

/* What a pattern said about the bytes. */
enum pattern_answer {
	PATTERN_NO,
	PATTERN_YES,
	PATTERN_PARTIAL, /* the end of the data was reached before it was decided */
};

struct pattern_span {
	uint16_t off;
	uint16_t len;
};

/* Compiles len characters of text for bytes (no UTF). err_off receives the place of a mistake.
 * Returns 0, -EINVAL with a message in err (err_len bytes), or -ENOMEM. Owned by the caller. */
int pattern_create(const char *text, size_t len, struct pattern_flags flags, char *err,
    size_t err_len, size_t *err_off, struct pattern **out) __attribute__((warn_unused_result));
void pattern_destroy(struct pattern *pattern);

/* The number of groups, without the whole match. */
unsigned pattern_group_count(const struct pattern *pattern);

/* The number of the i-th named group and its name (valid as long as the pattern), or 0 when there
 * are no more names. */
unsigned pattern_get_name(const struct pattern *pattern, unsigned i, const char **name);

/* Marks in set[32] (256 bits) the bytes with which a match can begin. A floating pattern, or one
 * that can begin with anything, marks them all. */
void pattern_first_bytes(const struct pattern *pattern, uint8_t set[32]);

/* What it cannot match without. */
const struct needs *pattern_get_needs(const struct pattern *pattern);

int pattern_scratch_create(struct pattern_scratch **out) __attribute__((warn_unused_result));
void pattern_scratch_destroy(struct pattern_scratch *scratch);

/* Applies the pattern to the len bytes. is_open: more bytes may follow, so a match that touches
 * the end is PATTERN_PARTIAL. spans (PATTERN_GROUPS_MAX + 1, or NULL) receives the whole match and the
 * pattern's groups, no more; a group that took no part has length 0 and offset 0. Any thread with its own
 * scratch; bounded by the match limit, which counts as PATTERN_NO. */
enum pattern_answer pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
    const uint8_t *bytes, size_t len, bool is_open, struct pattern_span *spans);

#endif
