/* What patterns cannot match without, read from their text; what is not understood needs nothing. Pairs are
 * found in one pass wherever they stand, by vectors as without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rng.h"
#include "sig/finder.h"
#include "sig/pattern.h"

/* Needs as text: pairs, one byte alone as "x.", a trailing i for those of any case; "" for none. */
static void print_needs(const struct needs *needs, char *out)
{
	for (size_t i = 0; i < needs->n; i++) {
		const struct need *need = &needs->any[i];
		*out++ = (char)need->first;
		*out++ = need->is_single ? '.' : (char)need->second;
		if (need->is_nocase)
			*out++ = 'i';
		*out++ = ' ';
	}
	*out = '\0';
}

static void expect(const char *pattern, bool is_nocase, const char *want)
{
	struct needs needs;
	char got[64];
	needs_of_pattern(pattern, strlen(pattern), is_nocase, false, &needs);
	print_needs(&needs, got);
	if (strcmp(got, want))
		fail_msg("/%s/ needs \"%s\", not \"%s\"", pattern, want, got);
}

static void test_the_rarest_pair_that_must_be_there(void **state)
{
	(void)state;
	expect("a", false, "a. ");
	expect("abqz", false, "qz ");
	expect("[^\\n]{0,80}q_", false, "q_ ");
	expect("ABQ", true, "bqi ");
	expect("a\\.\\x5a\\_e", false, "Z_ ");
	expect("q+z", false, "qz ");
	expect("a{2}q", false, "aq ");
	expect("{\"q", false, "{\" ");
	expect("\\bqz$", false, "qz ");
	/* Zero bytes between: still neighbours. */
	expect("q\\bz", false, "qz ");
}

static void test_what_may_lack_is_not_needed(void **state)
{
	(void)state;
	expect("q?", false, "");
	expect("eqz?", false, "eq ");
	expect("eq{0,3}z", false, "z. ");
	expect("q*?ez", false, "ez ");
	expect("(?:qz)?", false, "");
	expect("(?:qz)*e", false, "e. ");
	expect("(?:qz){0}e", false, "e. ");
	expect("[qz]", false, "");
	expect("e[]q]z", false, "z. ");
	expect("q.z", false, "z. ");
	expect("", false, "");
}

static void test_groups_give_one_of_their_alternatives(void **state)
{
	(void)state;
	expect("(?:qz|XJ)", false, "qz XJ ");
	expect("qz|XJ", false, "qz XJ ");
	expect("(?<product>qz|XJ)+e", false, "qz XJ ");
	expect("(?:qz|[XJ])e", false, "e. ");
	expect("(?:qz|)", false, "");
	expect("(?:e(?:n(?:qz|XJ)|_B))", false, "qz XJ _B ");
	/* More than there is room for. */
	expect("q1|q2|q3|q4|q5|q6|q7|q8|q9", false, "");
}

static void test_other_syntax_needs_nothing(void **state)
{
	static const char *const patterns[] = {"(?i)qz", "(?=qz)e", "(?!qz)e", "(?<=qz)e",
	    "(?<!qz)e", "(*ANY)qz", "\\Qqz\\E", "(q)\\1z", "qz\\x{41}", "[[:alpha:]]qz",
	    "[\\Q]\\E]qz", "qz{,3}", "qz{ 1}", "qz{1", "(qz", "qz)", "*qz", "qz\\", "[qz", "q\\Kz",
	    "q\\012z", "((((((((qz))))))))"};
	struct needs needs;
	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		expect(patterns[i], false, "");
	needs_of_pattern("q z", 3, false, true, &needs);
	assert_int_equal(needs.n, 0);
}

/* Whatever pattern is made of such parts: what it matches has what it needs. */
static void test_what_matches_has_what_is_needed(void **state)
{
	static const char *const parts[] = {"q", "z", "Z", "_", "e", "(?:", "(", ")", ")", "|", "?",
	    "*", "+", "{2}", "{0,1}", "{1,}", ".", "[qz]", "[^q]", "\\b", "^", "$", "\\x71", "\\w",
	    "(?=", "(?!"};
	static const char letters[] = "qzZ_eQ";
	struct pattern_scratch *scratch = NULL;
	struct rng rng = {.state = 7};
	size_t n_matched = 0;
	(void)state;
	assert_int_equal(pattern_scratch_create(&scratch), 0);
	for (int round = 0; round < 4000; round++) {
		struct pattern_flags flags = {
		    .is_nocase = rng_below(&rng, 2), .is_floating = rng_below(&rng, 2)};
		struct pattern *pattern = NULL;
		char text[128] = "";
		char err[128];
		size_t err_off;
		for (uint64_t n = 1 + rng_below(&rng, 10); n > 0; n--)
			strcat(text, parts[rng_below(&rng, sizeof(parts) / sizeof(parts[0]))]);
		if (pattern_create(text, strlen(text), flags, err, sizeof(err), &err_off, &pattern))
			continue;
		const struct needs *needs = pattern_get_needs(pattern);
		for (int i = 0; i < 20 && needs->n; i++) {
			uint8_t bytes[8];
			size_t len = rng_below(&rng, sizeof(bytes) + 1);
			for (size_t k = 0; k < len; k++)
				bytes[k] = (uint8_t)letters[rng_below(&rng, sizeof(letters) - 1)];
			if (pattern_match(pattern, scratch, bytes, len, false, NULL) != PATTERN_YES)
				continue;
			n_matched++;
			if (!needs_are_in(needs, bytes, len))
				fail_msg("/%s/ matches %.*s", text, (int)len, (const char *)bytes);
		}
		pattern_destroy(pattern);
	}
	pattern_scratch_destroy(scratch);
	assert_true(n_matched > 1000);
}

static uint8_t random_byte(struct rng *rng)
{
	return rng_below(rng, 2) ? (uint8_t)("aAbB01\xff"[rng_below(rng, 7)])
				 : (uint8_t)rng_below(rng, 256);
}

static struct needs random_needs(struct rng *rng)
{
	struct needs needs = {.n = 1};
	uint8_t bytes[2] = {random_byte(rng), random_byte(rng)};
	needs_of_literal(bytes, NULL, 1 + rng_below(rng, 2), rng_below(rng, 2), &needs);
	return needs;
}

static bool is_same(const struct need *need, uint8_t want, uint8_t got)
{
	bool is_upper = need->is_nocase && got >= 'A' && got <= 'Z';
	return want == (is_upper ? got | 0x20 : got);
}

/* By the definition. */
static bool is_there(const struct need *need, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_same(need, need->first, bytes[i]))
			continue;
		if (need->is_single || (i + 1 < len && is_same(need, need->second, bytes[i + 1])))
			return true;
	}
	return false;
}

static void test_a_finder_finds_every_pair_everywhere(void **state)
{
	struct rng rng = {.state = 11};
	size_t n_found = 0;
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct finder finder = {0};
		struct needs needs[48];
		uint32_t bits[48];
		size_t n = 1 + rng_below(&rng, 48); /* more than there are bits */
		for (size_t i = 0; i < n; i++) {
			needs[i] = random_needs(&rng);
			bits[i] = finder_add(&finder, &needs[i]);
			assert_int_equal(__builtin_popcount(bits[i]), 1);
		}
		size_t len = rng_below(&rng, 140);
		uint8_t *bytes = malloc(len ? len : 1); /* nothing may be read behind it */
		assert_non_null(bytes);
		for (size_t i = 0; i < len; i++)
			bytes[i] = random_byte(&rng);
		uint32_t found = finder_find(&finder, bytes, len);
		uint32_t found_plain = finder_find_plain(&finder, bytes, len);
		/* Vectors also see the zeros that fill the last one. */
		assert_int_equal(found_plain & ~found, 0);
		for (size_t i = 0; i < n; i++) {
			bool is_in = is_there(&needs[i].any[0], bytes, len);
			assert_true(!is_in || found & found_plain & bits[i]);
			assert_true(!is_in || needs_are_in(&needs[i], bytes, len));
			n_found += is_in;
		}
		free(bytes);
	}
	assert_true(n_found > 100);
}

static void test_a_finder_refutes(void **state)
{
	struct finder finder = {0};
	struct needs qz, ab;
	(void)state;
	needs_of_literal((const uint8_t *)"qz", NULL, 2, false, &qz);
	needs_of_literal((const uint8_t *)"AB", NULL, 2, true, &ab);
	assert_int_equal(finder_add(&finder, &qz), 1);
	assert_int_equal(finder_add(&finder, &ab), 2);
	assert_int_equal(finder_add(&finder, &qz), 1);
	assert_int_equal(finder_find(&finder, (const uint8_t *)"zq q z a b", 10), 0);
	assert_int_equal(finder_find(&finder, (const uint8_t *)"xaB", 3), 2);
	assert_int_equal(finder_find(&finder, (const uint8_t *)"", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_rarest_pair_that_must_be_there),
	    cmocka_unit_test(test_what_may_lack_is_not_needed),
	    cmocka_unit_test(test_groups_give_one_of_their_alternatives),
	    cmocka_unit_test(test_other_syntax_needs_nothing),
	    cmocka_unit_test(test_what_matches_has_what_is_needed),
	    cmocka_unit_test(test_a_finder_finds_every_pair_everywhere),
	    cmocka_unit_test(test_a_finder_refutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
