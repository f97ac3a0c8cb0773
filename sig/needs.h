#ifndef SIG_NEEDS_H
#define SIG_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Neighbours that must stand in an answer for a literal or a pattern to be found in it: of what it cannot do
 * without, the two bytes that answers have least. Private to sig/. */
struct need {
	uint8_t first;
	uint8_t second;
	bool is_nocase; /* both are lower case then */
	bool is_single; /* first alone */
};

enum { NEEDS_MAX = 8 };

/* One of them must be there. n 0: nothing is known. */
struct needs {
	uint8_t n;
	bool is_behind_gap; /* a pattern has to search for it */
	uint16_t rarity;    /* of the most common one; more is rarer */
	struct need any[NEEDS_MAX];
};

/* How rare a byte is in answers: 1 for the most common one. */
unsigned needs_rate_byte(uint8_t byte);

/* The rarest neighbours of len bytes. mask as in struct sig_literal, or NULL: bytes of which not all bits
 * count are of no use. */
void needs_of_literal(
    const uint8_t *bytes, const uint8_t *mask, size_t len, bool is_nocase, struct needs *out);

/* What a regular expression cannot match without. Understands the usual syntax of PCRE2 and says nothing
 * about patterns with anything else in them. O(len). */
void needs_of_pattern(
    const char *text, size_t len, bool is_nocase, bool is_extended, struct needs *out);

/* Adds the other's to what may be there instead. n 0 when that is too much, or nothing is known of either.
 */
void needs_unite(struct needs *needs, const struct needs *other);

/* Is one of them in the len bytes? Also true after some tries: a hostile answer has half of one everywhere.
 * Not to be called with n 0. */
bool needs_are_in(const struct needs *needs, const uint8_t *bytes, size_t len);

#endif
