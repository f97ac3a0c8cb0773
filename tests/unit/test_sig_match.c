/* What each condition means, whole and in pieces; rank, candidates and layers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/sig_util.h"

#define HEAD "protocol p\nsource \"RFC 1\"\n"
#define RULE HEAD "rule r rank 50\n"

enum verdict { NO, YES, WAIT, UNSETTLED };

/* What the bytes get: named and settled, named but not settled, not named, as an open answer may. */
static enum verdict ask(
    struct sig_set *set, const char *bytes, size_t len, bool is_final, struct sig_verdict *verdict)
{
	struct sig_scratch *scratch = NULL;
	struct sig_input input = {
	    .bytes = (const uint8_t *)bytes, .len = len, .is_final = is_final};
	assert_int_equal(sig_scratch_create(set, &scratch), 0);
	sig_match(set, scratch, &input, verdict);
	sig_scratch_destroy(scratch);
	if (!verdict->protocol)
		return is_final ? NO : WAIT;
	return is_final || verdict->is_settled ? YES : UNSETTLED;
}

static struct sig_set *make(const char *const *texts)
{
	struct diag diag = {""};
	struct sig_set *set = NULL;
	if (set_of(texts, NULL, &diag, &set))
		fail_msg("%s", diag.text);
	return set;
}

static void test_conditions_whole_and_in_pieces(void **state)
{
	static const struct {
		const char *conditions;
		const char *bytes;
		size_t len;
		enum verdict open;  /* more may come: YES, UNSETTLED or WAIT */
		enum verdict final; /* YES or NO */
	} cases[] = {
	    {"start \"abc\"", "abc", 3, YES, YES},
	    {"start \"abc\"", "ab", 2, WAIT, NO},
	    {"start \"abc\"", "abd", 3, WAIT, NO},
	    {"start \"abc\" | \"x\"", "xyz", 3, YES, YES},
	    {"start \"aBc\" nocase", "AbC", 3, YES, YES},
	    {"at 1 [b? ?2]", "a\xb7\x12", 3, YES, YES},
	    {"at 1 [b? ?2]", "a\xa7\x12", 3, WAIT, NO},
	    {"contains \"bc\" within 0..2", "aabc", 4, YES, YES},
	    {"contains \"bc\" within 0..1", "aabc", 4, WAIT, NO},
	    {"contains \"bc\"", "aab", 3, WAIT, NO},
	    {"ends \"c\"", "abc", 3, WAIT, YES},
	    {"ends \"c\"", "abcd", 4, WAIT, NO},
	    {"not contains \"c\"", "ab", 2, WAIT, YES},
	    {"not contains \"c\" within 0..1", "abxx", 4, YES, YES},
	    {"not start \"b\"", "a", 1, YES, YES},
	    {"size 2..3", "ab", 2, WAIT, YES},
	    {"size 2..3", "abcd", 4, WAIT, NO},
	    {"text", "ab\r\n", 4, WAIT, YES},
	    {"text 2", "ab\x01", 3, YES, YES},
	    {"text", "ab\x01", 3, WAIT, NO},
	    {"u8 0 = 0x61", "a", 1, YES, YES},
	    {"u8 0 != 0x61", "a", 1, WAIT, NO},
	    {"be16 0 in 1..2 0x102", "\1\2", 2, YES, YES},
	    {"le16 0 = 0x201", "\1\2", 2, YES, YES},
	    {"be24 0 = 0x010203", "\1\2\3", 3, YES, YES},
	    {"le32 0 > 0x04030200", "\1\2\3\4", 4, YES, YES},
	    {"be64 0 = 1", "\0\0\0\0\0\0\0\1", 8, YES, YES},
	    {"u8 0 & 0xf0 = 0x60", "a", 1, YES, YES},
	    {"hex4 0 = 0x1f", "001F", 4, YES, YES},
	    {"hex4 0 = 0x1f", "00xF", 4, WAIT, NO},
	    {"length u8 0 + 1", "\2ab", 3, YES, YES},
	    {"length u8 0 + 1", "\2abc", 4, YES, YES},
	    {"length u8 0 + 1", "\2a", 2, WAIT, NO},
	    {"length u8 0 + 1 exact", "\2ab", 3, WAIT, YES},
	    {"length u8 0 + 1 exact", "\2abc", 4, WAIT, NO},
	    {"length u8 0 + 1 cut", "\2a", 2, WAIT, YES},
	    {"length u8 0 * 2 - 1", "\2ab", 3, YES, YES},
	    {"length u8 0 - 3", "\2ab", 3, WAIT, NO},
	    {"skip 2\nstart \"c\"", "abc", 3, YES, YES},
	    {"skip 2\nstart \"c\"\nrewind\nstart \"a\"", "abc", 3, YES, YES},
	    {"skip u8 0\nat 0 \"c\"", "\2bc", 3, YES, YES},
	    {"skip u8 0\nat 0 \"c\"", "\377bc", 3, WAIT, NO},
	    {"skip past \",\" | \";\"\nstart \"c\"", "ab;c,d", 6, YES, YES},
	    {"ber [30]\nstart \"a\"", "0\2ab", 4, YES, YES},
	    {"ber [30] exact\nstart \"a\"", "0\2abc", 5, WAIT, NO},
	    {"ber [30]\nstart \"a\"", "0\x81\2ab", 5, YES, YES},
	    {"ber [30]\nstart \"a\"",
		"0\x80"
		"ab",
		4, WAIT, NO},
	    {"ber [30]\nber-skip [02]\nstart \"a\"", "0\4\2\1xa", 6, YES, YES},
	    {"pattern /a(b|c)/", "ac", 2, YES, YES},
	    {"pattern /a(b|c)/", "a", 1, WAIT, NO},
	    {"pattern /ab*/", "ab", 2, WAIT, YES},
	    {"pattern /b/", "ab", 2, WAIT, NO},
	    {"pattern /b/u", "ab", 2, YES, YES},
	    {"pattern /a.b/", "a\nb", 3, YES, YES},
	    {"pattern /a.b/n", "a\nb", 3, WAIT, NO},
	    {"header \"x-y\" /1/", "first\r\nX-Y: 12\r\n\r\n", 18, YES, YES},
	    {"header \"x-y\" /2/", "first\r\nX-Y: 12\r\n\r\n", 18, WAIT, NO},
	    {"header \"x-y\"", "X-Y: 12\r\n\r\n", 11, WAIT, NO},
	    {"header \"x-y\"", "first\r\nX-Y: 1", 13, WAIT, YES},
	    {"first", "a", 1, WAIT, NO},
	    {"echo", "GET / HTTP", 10, WAIT, NO},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		struct sig_verdict verdict;
		snprintf(text, sizeof(text), RULE "%s\n", cases[i].conditions);
		struct sig_set *set = make((const char *[]){text, NULL});
		enum verdict open = ask(set, cases[i].bytes, cases[i].len, false, &verdict);
		enum verdict final = ask(set, cases[i].bytes, cases[i].len, true, &verdict);
		if (open != cases[i].open || final != cases[i].final)
			fail_msg("%s: open %d not %d, final %d not %d", cases[i].conditions, open,
			    cases[i].open, final, cases[i].final);
		sig_set_destroy(set);
	}
}

static void test_the_higher_rank_names(void **state)
{
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){HEAD "rule r rank 50\nstart \"a\"\n",
	    "protocol q\nsource \"x\"\nrule r rank 60\nstart \"ab\"\n", NULL});
	(void)state;
	assert_int_equal(ask(set, "ab", 2, false, &verdict), YES);
	assert_string_equal(verdict.protocol, "q");
	assert_int_equal(ask(set, "ac", 2, false, &verdict), YES);
	assert_string_equal(verdict.protocol, "p");
	/* The higher one may still come true: no name before it is decided. */
	assert_int_equal(ask(set, "a", 1, false, &verdict), WAIT);
	assert_int_equal(ask(set, "a", 1, true, &verdict), YES);
	assert_string_equal(verdict.protocol, "p");
	sig_set_destroy(set);
}

static void test_equal_ranks_leave_it_open(void **state)
{
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){HEAD "rule r rank 50\nstart \"a\"\n",
	    "protocol q\nsource \"x\"\nrule r rank 50\nstart \"ab\"\n", NULL});
	(void)state;
	assert_int_equal(ask(set, "ab", 2, true, &verdict), NO);
	assert_string_equal(verdict.candidates[0], "p");
	assert_string_equal(verdict.candidates[1], "q");
	assert_false(verdict.is_settled);
	sig_set_destroy(set);
}

static void test_what_is_carried_wins_over_its_carrier(void **state)
{
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){HEAD
	    "extract /a(?<version>.)/\nrule r rank 50\nstart \"a\"\n",
	    "protocol q\nsource \"x\"\nover p\nrule r rank 50\nstart \"ab\"\nset product \"cue\"\n",
	    NULL});
	(void)state;
	assert_int_equal(ask(set, "ab", 2, true, &verdict), YES);
	assert_string_equal(verdict.protocol, "q");
	assert_string_equal(verdict.layers[0], "p");
	assert_string_equal(verdict.captures[0].name, "product");
	assert_string_equal(verdict.captures[1].name, "version");
	assert_memory_equal(verdict.captures[1].text, "b", 1);
	sig_set_destroy(set);
}

static void test_an_extract_may_wait_for_more(void **state)
{
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){
	    HEAD "extract /a(?<version>[0-9]+);/\nrule r rank 50\nstart \"a\"\n", NULL});
	(void)state;
	assert_int_equal(ask(set, "a12", 3, false, &verdict), UNSETTLED);
	assert_int_equal(ask(set, "a12;", 4, false, &verdict), YES);
	assert_int_equal(verdict.captures[0].len, 2);
	assert_int_equal(ask(set, "ab", 2, false, &verdict), YES);
	assert_null(verdict.captures[0].name);
	sig_set_destroy(set);
}

static void test_what_had_been_sent_matters(void **state)
{
	struct sig_set *set = make((const char *[]){HEAD
	    "probe one\nsend \"GET one\\n\"\nprobe both\nasks one\nsend \"GET one\\ntwo\\n\"\nprobe other\n"
	    "send \"x\"\nrule r rank 50\nanswers one\nstart \"a\"\nrule s rank 60\nasked \"GET\"\n"
	    "start \"b\"\nrule t rank 70\necho\n",
	    NULL});
	static const struct {
		const char *probe;
		const char *bytes;
		const char *rule;
	} cases[] = {{"one", "a", "r"}, {"both", "a", "r"}, {"other", "a", NULL},
	    {"both", "b", "s"}, {"other", "b", NULL}, {NULL, "a", NULL}, {"one", "GET one\n", "t"},
	    {"one", "GET one\nmore", "t"}, {"both", "GET one\n", NULL}, {"other", "x", NULL}};
	struct sig_scratch *scratch = NULL;
	(void)state;
	assert_int_equal(sig_scratch_create(set, &scratch), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sig_verdict verdict;
		struct sig_input input = {.bytes = (const uint8_t *)cases[i].bytes,
		    .len = strlen(cases[i].bytes),
		    .is_final = true,
		    .probe = cases[i].probe ? sig_set_find_probe(set, cases[i].probe) : NULL};
		sig_match(set, scratch, &input, &verdict);
		if (!cases[i].rule)
			assert_null(verdict.rule);
		else
			assert_string_equal(verdict.rule ? verdict.rule : "none", cases[i].rule);
	}
	sig_scratch_destroy(scratch);
	sig_set_destroy(set);
}

static void test_values_are_named_or_printed(void **state)
{
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){RULE
	    "start \"a\"\nskip 1\nvalue version u8 0 1 \"one\"\nvalue cipher u8 1 hex\nvalue status u8 1\n",
	    NULL});
	(void)state;
	assert_int_equal(ask(set, "a\1\377", 3, true, &verdict), YES);
	assert_memory_equal(verdict.captures[0].text, "one", 3);
	assert_memory_equal(verdict.captures[1].text, "0xff", 4);
	assert_memory_equal(verdict.captures[2].text, "255", 3);
	sig_set_destroy(set);
}

static void test_a_hostile_pattern_ends(void **state)
{
	static char bytes[4096];
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){RULE "pattern /(?:a+)+b/ within 4096\n", NULL});
	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(ask(set, bytes, sizeof(bytes), true, &verdict), NO);
	sig_set_destroy(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_conditions_whole_and_in_pieces),
	    cmocka_unit_test(test_the_higher_rank_names),
	    cmocka_unit_test(test_equal_ranks_leave_it_open),
	    cmocka_unit_test(test_what_is_carried_wins_over_its_carrier),
	    cmocka_unit_test(test_an_extract_may_wait_for_more),
	    cmocka_unit_test(test_what_had_been_sent_matters),
	    cmocka_unit_test(test_values_are_named_or_printed),
	    cmocka_unit_test(test_a_hostile_pattern_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
