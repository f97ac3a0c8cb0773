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

enum verdict { NO, YES, SETTLED };

/* What the bytes get: no name, a name if nothing follows, a name whatever follows. */
static enum verdict ask(
    struct sig_set *set, const char *bytes, size_t len, struct sig_verdict *verdict)
{
	struct sig_scratch *scratch = NULL;
	struct sig_input input = {.bytes = (const uint8_t *)bytes, .len = len};
	assert_int_equal(sig_scratch_create(set, &scratch), 0);
	sig_match(set, scratch, &input, verdict);
	sig_scratch_destroy(scratch);
	assert_true(verdict->protocol || !verdict->is_settled);
	return !verdict->protocol ? NO : verdict->is_settled ? SETTLED : YES;
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
		enum verdict verdict;
	} cases[] = {
	    {"start \"abc\"", "abc", 3, SETTLED},
	    {"start \"abc\"", "ab", 2, NO},
	    {"start \"abc\"", "abd", 3, NO},
	    {"start \"abc\" | \"x\"", "xyz", 3, SETTLED},
	    {"start \"aBc\" nocase", "AbC", 3, SETTLED},
	    {"at 1 [b? ?2]", "a\xb7\x12", 3, SETTLED},
	    {"at 1 [b? ?2]", "a\xa7\x12", 3, NO},
	    {"contains \"bc\" within 0..2", "aabc", 4, SETTLED},
	    {"contains \"bc\" within 0..1", "aabc", 4, NO},
	    {"contains \"bc\"", "aab", 3, NO},
	    {"contains \"a#b\"", "##########a#b", 13, SETTLED},
	    {"contains \"a#b\"", "##########a#c", 13, NO},
	    {"contains \"#a\" within 0..8", "########x#a", 11, NO},
	    {"contains \"#a\" within 0..9", "########x#a", 11, SETTLED},
	    {"contains \"A#b\" nocase", "x#x#a#B", 7, SETTLED},
	    {"contains \"AbC\" nocase", "xaBc", 4, SETTLED},
	    {"ends \"c\"", "abc", 3, YES},
	    {"ends \"c\"", "abcd", 4, NO},
	    {"not contains \"c\"", "ab", 2, YES},
	    {"not contains \"c\" within 0..1", "abxx", 4, SETTLED},
	    {"not start \"b\"", "a", 1, SETTLED},
	    {"size 2..3", "ab", 2, YES},
	    {"size 2..3", "abcd", 4, NO},
	    {"text", "ab\r\n", 4, YES},
	    {"text 2", "ab\x01", 3, SETTLED},
	    {"text", "ab\x01", 3, NO},
	    {"u8 0 = 0x61", "a", 1, SETTLED},
	    {"u8 0 != 0x61", "a", 1, NO},
	    {"be16 0 in 1..2 0x102", "\1\2", 2, SETTLED},
	    {"le16 0 = 0x201", "\1\2", 2, SETTLED},
	    {"be24 0 = 0x010203", "\1\2\3", 3, SETTLED},
	    {"le32 0 > 0x04030200", "\1\2\3\4", 4, SETTLED},
	    {"be64 0 = 1", "\0\0\0\0\0\0\0\1", 8, SETTLED},
	    {"u8 0 & 0xf0 = 0x60", "a", 1, SETTLED},
	    {"hex4 0 = 0x1f", "001F", 4, SETTLED},
	    {"hex4 0 = 0x1f", "00xF", 4, NO},
	    {"length u8 0 + 1", "\2ab", 3, SETTLED},
	    {"length u8 0 + 1", "\2abc", 4, SETTLED},
	    {"length u8 0 + 1", "\2a", 2, NO},
	    {"length u8 0 + 1 exact", "\2ab", 3, YES},
	    {"length u8 0 + 1 exact", "\2abc", 4, NO},
	    {"length u8 0 + 1 cut", "\2a", 2, YES},
	    {"length u8 0 * 2 - 1", "\2ab", 3, SETTLED},
	    {"length u8 0 - 3", "\2ab", 3, NO},
	    {"skip 2\nstart \"c\"", "abc", 3, SETTLED},
	    {"skip 2\nstart \"c\"\nrewind\nstart \"a\"", "abc", 3, SETTLED},
	    {"skip u8 0\nat 0 \"c\"", "\2bc", 3, SETTLED},
	    {"skip u8 0\nat 0 \"c\"", "\377bc", 3, NO},
	    {"skip past \",\" | \";\"\nstart \"c\"", "ab;c,d", 6, SETTLED},
	    {"ber [30]\nstart \"a\"", "0\2ab", 4, SETTLED},
	    {"ber [30] exact\nstart \"a\"", "0\2abc", 5, NO},
	    {"ber [30]\nstart \"a\"", "0\x81\2ab", 5, SETTLED},
	    {"ber [30]\nstart \"a\"",
		"0\x80"
		"ab",
		4, NO},
	    {"ber [30]\nber-skip [02]\nstart \"a\"", "0\4\2\1xa", 6, SETTLED},
	    {"pattern /a(b|c)/", "ac", 2, SETTLED},
	    {"pattern /a(b|c)/", "a", 1, NO},
	    {"pattern /ab*/", "ab", 2, YES},
	    {"pattern /b/", "ab", 2, NO},
	    {"pattern /b/u", "ab", 2, SETTLED},
	    {"pattern /a.b/", "a\nb", 3, SETTLED},
	    {"pattern /a.b/n", "a\nb", 3, NO},
	    {"header \"x-y\" /1/", "first\r\nX-Y: 12\r\n\r\n", 18, SETTLED},
	    {"header \"x-y\" /2/", "first\r\nX-Y: 12\r\n\r\n", 18, NO},
	    {"header \"x-y\"", "X-Y: 12\r\n\r\n", 11, NO},
	    {"header \"x-y\"", "first\r\nX-Y: 1", 13, YES},
	    {"first", "a", 1, NO},
	    {"echo", "GET / HTTP", 10, NO},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		struct sig_verdict verdict;
		snprintf(text, sizeof(text), RULE "%s\n", cases[i].conditions);
		struct sig_set *set = make((const char *[]){text, NULL});
		enum verdict got = ask(set, cases[i].bytes, cases[i].len, &verdict);
		if (got != cases[i].verdict)
			fail_msg("%s: %d, not %d", cases[i].conditions, got, cases[i].verdict);
		sig_set_destroy(set);
	}
}

static void test_the_higher_rank_names(void **state)
{
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){HEAD "rule r rank 50\nstart \"a\"\n",
	    "protocol q\nsource \"x\"\nrule r rank 60\nstart \"ab\"\n", NULL});
	(void)state;
	assert_int_equal(ask(set, "ab", 2, &verdict), SETTLED);
	assert_string_equal(verdict.protocol, "q");
	assert_int_equal(ask(set, "ac", 2, &verdict), SETTLED);
	assert_string_equal(verdict.protocol, "p");
	/* The higher one may still come true: nothing is settled before it is decided. */
	assert_int_equal(ask(set, "a", 1, &verdict), YES);
	assert_string_equal(verdict.protocol, "p");
	sig_set_destroy(set);
}

static void test_equal_ranks_leave_it_open(void **state)
{
	struct sig_verdict verdict;
	struct sig_set *set = make((const char *[]){HEAD "rule r rank 50\nstart \"a\"\n",
	    "protocol q\nsource \"x\"\nrule r rank 50\nstart \"ab\"\n", NULL});
	(void)state;
	assert_int_equal(ask(set, "ab", 2, &verdict), NO);
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
	assert_int_equal(ask(set, "ab", 2, &verdict), SETTLED);
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
	assert_int_equal(ask(set, "a12", 3, &verdict), YES);
	assert_null(verdict.captures[0].name);
	assert_int_equal(ask(set, "a12;", 4, &verdict), SETTLED);
	assert_int_equal(verdict.captures[0].len, 2);
	assert_int_equal(ask(set, "ab", 2, &verdict), SETTLED);
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
	assert_int_equal(ask(set, "a\1\377", 3, &verdict), SETTLED);
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
	assert_int_equal(ask(set, bytes, sizeof(bytes), &verdict), NO);
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
