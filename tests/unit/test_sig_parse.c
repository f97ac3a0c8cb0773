/* A mistake in a signature file is named with file, line and column, in one line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sig/check.h"
#include "tests/unit/sig_util.h"

#define HEAD "protocol p\nsource \"RFC 1\"\n"
#define RULE HEAD "rule r rank 50\n"

static void test_a_mistake_is_named_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *diag; /* beginning */
	} cases[] = {
	    {"", "f.sig:1:1: a signature file begins with"},
	    {"rule r\n", "f.sig:1:1: a signature file begins with"},
	    {"protocol P\n", "f.sig:1:10: expected the name of the protocol"},
	    {"protocol p q\n", "f.sig:1:12: the statement should end here"},
	    {"protocol p\nrule r rank 1\nstart \"a\"\n", "f.sig:1:1: p has no source"},
	    {HEAD, "f.sig:1:1: p has neither a rule nor a probe"},
	    {HEAD "colour red\n", "f.sig:3:1: unknown statement colour"},
	    {HEAD "  \"x\"\n", "f.sig:3:3: expected a statement"},
	    {HEAD "ports 0\n", "f.sig:3:7: ports are 1 to 65535"},
	    {HEAD "ports 70000\n", "f.sig:3:7: expected a port"},
	    {HEAD "ports 20..10\n", "f.sig:3:7: expected a port"},
	    {HEAD "title \"open\n", "f.sig:3:7: the text has no closing quote"},
	    {HEAD "title \"a\\q\"\n", "f.sig:3:10: unknown escape"},
	    {HEAD "title \"\"\n", "f.sig:3:7: the text is empty"},
	    {HEAD "speaks-first maybe\n", "f.sig:3:14: expected yes or no"},
	    {HEAD "rule r\nstart \"a\"\n", "f.sig:3:1: the rule r has no rank"},
	    {RULE, "f.sig:3:1: the rule r has no condition"},
	    {HEAD "rule r rank 101\nstart \"a\"\n", "f.sig:3:13: expected a rank"},
	    {RULE "start \"a\"\nrule r rank 1\nstart \"b\"\n", "f.sig:5:1: a second rule r"},
	    {RULE "start a\n", "f.sig:4:7: expected bytes"},
	    {RULE "start [4]\n", "f.sig:4:9: expected two hex digits"},
	    {RULE "start [zz]\n", "f.sig:4:8: expected two hex digits"},
	    {RULE "start []\n", "f.sig:4:7: there are no bytes"},
	    {RULE "start [00\n", "f.sig:4:7: the bytes have no closing bracket"},
	    {RULE "start [00*5000]\n", "f.sig:4:7: more than 4096 bytes"},
	    {RULE "at 4096 \"a\"\n", "f.sig:4:4: expected an offset"},
	    {RULE "start \"a\" |\n", "f.sig:4:12: expected bytes"},
	    {RULE "start \"a\" within 4\n", "f.sig:4:11: expected nocase"},
	    {RULE "contains \"a\" within x\n", "f.sig:4:21: expected a window"},
	    {RULE "pattern \"a\"\n", "f.sig:4:9: expected a pattern"},
	    {RULE "pattern /a(/\n", "f.sig:4:12: missing closing parenthesis"},
	    {RULE "pattern /a\n", "f.sig:4:9: the pattern has no closing /"},
	    {RULE "pattern /a/z\n", "f.sig:4:12: unknown pattern flag"},
	    {RULE "pattern /(?<colour>a)/\n", "f.sig:4:9: colour is not a field"},
	    {RULE "be16 x = 1\n", "f.sig:4:6: expected an offset"},
	    {RULE "be16 0 1\n", "f.sig:4:8: expected = != < <= > >= or in"},
	    {RULE "be16 0 < 0\n", "f.sig:4:10: no number is that"},
	    {RULE "length 4\n", "f.sig:4:8: expected an integer type"},
	    {RULE "length u8 0 about\n", "f.sig:4:13: expected whole, exact or cut"},
	    {RULE "not skip 4\n", "f.sig:4:5: not needs a condition"},
	    {RULE "not not start \"a\"\n", "f.sig:4:5: not needs a condition"},
	    {RULE "ber [30 31]\n", "f.sig:4:5: a tag is one byte"},
	    {RULE "start \"a\"\nset colour \"red\"\n", "f.sig:5:5: expected a field"},
	    {RULE "answers nobody\n", "f.sig:4:1: no file offers the probe nobody"},
	    {RULE "start \"a\"\nover nobody\n", "f.sig:3:1: no file describes the protocol nobody"},
	    {RULE "start \"a\"\naccept \"a\" as s\n", "f.sig:5:1: there is no rule s"},
	    {RULE "start \"a\"\naccept \"a\" answers s\n", "f.sig:5:1: no file offers the probe s"},
	    {RULE "start \"a\"\naccept \"a\" colour \"red\"\n",
		"f.sig:5:12: expected answers, asked"},
	    {RULE "start \"a\"\naccept [0?]\n", "f.sig:5:8: ? has no meaning here"},
	    {HEAD "probe q\n", "f.sig:3:1: the probe q sends nothing"},
	    {HEAD "probe q\nsend \"a\"\nprobe q\nsend \"b\"\n", "f.sig:5:1: a second probe q"},
	    {HEAD "probe q\nsend [00*1025]\n", "f.sig:4:1: a probe may have 1024 bytes"},
	    {HEAD "\001\n", "f.sig:3:1: unexpected byte 0x01"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diag diag = {""};
		struct sig_set *set = NULL;
		const char *texts[] = {cases[i].text, NULL};
		if (set_of(texts, NULL, &diag, &set) != -EINVAL ||
		    strncmp(diag.text, cases[i].diag, strlen(cases[i].diag)))
			fail_msg(
			    "%s\n-> \"%s\", not \"%s\"", cases[i].text, diag.text, cases[i].diag);
	}
}

static void test_every_escape_and_hex_form_is_read(void **state)
{
	static const uint8_t wanted[] = "\r\n\t\0\\\"\x7f"
					"ab"
					"\0\0\0\x1f"
					"end";
	struct diag diag = {""};
	struct sig_set *set = NULL;
	const char *texts[] = {HEAD
	    "probe q\n  send \"\\r\\n\\t\\0\\\\\\\"\\x7fab\" [00*3 1F] \\\n   \"end\"\n",
	    NULL};
	(void)state;
	assert_int_equal(set_of(texts, NULL, &diag, &set), 0);
	const struct sig_probe *probe = sig_set_find_probe(set, "q");
	assert_non_null(probe);
	assert_int_equal(probe->len, sizeof(wanted) - 1);
	assert_memory_equal(probe->bytes, wanted, sizeof(wanted) - 1);
	sig_set_destroy(set);
}

static void test_the_contact_is_woven_in_or_its_line_left_out(void **state)
{
	const char *texts[] = {
	    HEAD "probe q\nsend \"a\"\nsend \"(${contact})\"\nsend \"z\"\n", NULL};
	static const struct {
		const char *contact;
		const char *bytes;
	} cases[] = {{NULL, "az"}, {"me@example.org", "a(me@example.org)z"}};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct diag diag = {""};
		struct sig_set *set = NULL;
		assert_int_equal(set_of(texts, cases[i].contact, &diag, &set), 0);
		const struct sig_probe *probe = sig_set_find_probe(set, "q");
		assert_int_equal(probe->len, strlen(cases[i].bytes));
		assert_memory_equal(probe->bytes, cases[i].bytes, probe->len);
		sig_set_destroy(set);
	}
}

static void test_windows_line_ends_and_comments_are_blanks(void **state)
{
	struct diag diag = {""};
	struct sig_set *set = NULL;
	const char *texts[] = {
	    "# first\r\n\r\nprotocol p # name\r\nsource \"x\"\r\nrule r rank 1\r\n"
	    "  start \"a#b\"\r\n",
	    NULL};
	(void)state;
	assert_int_equal(set_of(texts, NULL, &diag, &set), 0);
	assert_int_equal(set->n_rules, 1);
	assert_int_equal(set->rules[0]->conds[0].literals[0].len, 3);
	sig_set_destroy(set);
}

static void test_a_later_file_replaces_one_of_the_same_name(void **state)
{
	struct diag diag = {""};
	struct sig_set *set = NULL;
	const char *texts[] = {RULE "start \"a\"\n", HEAD "rule other rank 1\nstart \"b\"\n", NULL};
	(void)state;
	assert_int_equal(set_of(texts, NULL, &diag, &set), 0);
	assert_int_equal(sig_set_protocol_count(set), 1);
	assert_int_equal(set->n_rules, 1);
	assert_string_equal(set->rules[0]->name, "other");
	sig_set_destroy(set);
}

static void count_report(void *arg, const char *text)
{
	size_t *n = arg;
	assert_true(text[0] != '\0');
	++*n;
}

static void test_vectors_that_do_not_hold_are_reported(void **state)
{
	static const struct {
		const char *text;
		size_t n_failed;
	} cases[] = {
	    {RULE "start \"ab\"\naccept \"abc\"\nreject \"b\"\n", 0},
	    {RULE "start \"ab\"\naccept \"b\"\n", 2}, /* and the rule is without a vector */
	    {RULE "start \"ab\"\naccept \"ab\"\nreject \"abc\"\n", 1},
	    {RULE "start \"ab\"\n", 1},
	    {RULE "pattern /a(?<version>.)/\naccept \"ab\" version \"c\"\n", 1},
	    {RULE "pattern /a(?<version>.)/\naccept \"ab\" version \"b\"\n", 0},
	    {RULE "pattern /ab*/\naccept \"ab\" open\n", 1},
	    {RULE "start \"a\"\ncandidates p\nunsure \"a\"\n", 0},
	    {RULE "start \"a\"\nunsure \"a\"\n", 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diag diag = {""};
		struct sig_set *set = NULL;
		struct sig_check_result result;
		size_t n_reports = 0;
		const char *texts[] = {cases[i].text, NULL};
		assert_int_equal(set_of(texts, NULL, &diag, &set), 0);
		assert_int_equal(
		    sig_check_vectors(set, NULL, count_report, &n_reports, &result), 0);
		if (result.n_failed != cases[i].n_failed || n_reports != result.n_failed)
			fail_msg("%s\n-> %zu failures, not %zu", cases[i].text, result.n_failed,
			    cases[i].n_failed);
		sig_set_destroy(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_mistake_is_named_with_its_place),
	    cmocka_unit_test(test_every_escape_and_hex_form_is_read),
	    cmocka_unit_test(test_the_contact_is_woven_in_or_its_line_left_out),
	    cmocka_unit_test(test_windows_line_ends_and_comments_are_blanks),
	    cmocka_unit_test(test_a_later_file_replaces_one_of_the_same_name),
	    cmocka_unit_test(test_vectors_that_do_not_hold_are_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
