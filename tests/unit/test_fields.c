/* Claims about out/fields: the table is well formed, and --fields means what it says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"
#include "out/fields.h"

static void test_rows_are_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const struct field_row *row = fields_get_row((enum field_id)i);
		assert_int_equal(strspn(row->key, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->key));
		assert_true(strlen(row->help) > 8);
		assert_int_not_equal(row->help[strlen(row->help) - 1], '.');
		assert_int_equal(row->when == FIELD_ALWAYS, strcmp(row->present, "always") == 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(row->key, fields_get_row((enum field_id)k)->key);
	}
}

static void test_default_is_all_but_what_must_be_asked_for(void **state)
{
	(void)state;
	struct field_list list, all;
	assert_int_equal(fields_parse(NULL, NULL, &list), 0);
	assert_int_equal(fields_parse("all", NULL, &all), 0);
	assert_int_equal(all.n, FIELD_COUNT);
	assert_true(list.n < all.n);
	for (size_t i = 0; i < list.n; i++)
		assert_int_not_equal(fields_get_row((enum field_id)list.ids[i])->when, FIELD_ASKED);
}

static void test_a_list_keeps_its_order(void **state)
{
	(void)state;
	struct field_list list;
	assert_int_equal(fields_parse("port,ip,rule", NULL, &list), 0);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.ids[0], FIELD_port);
	assert_int_equal(list.ids[1], FIELD_ip);
	assert_int_equal(list.ids[2], FIELD_rule);
}

static void test_bad_lists_are_refused_by_name(void **state)
{
	(void)state;
	static const char *const rows[][2] = {{"ip,nonsense", "'nonsense'"}, {"ip,,port", "''"},
	    {"ip,", "''"}, {"por", "'por'"}, {"ports", "'ports'"},
	    {"ip,port,ip", "ip is named twice"}, {" ip", "' ip'"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct field_list list = {.n = 77};
		struct diag diag = {0};
		assert_int_equal(fields_parse(rows[i][0], &diag, &list), -EINVAL);
		assert_int_equal(list.n, 77);
		assert_non_null(strstr(diag.text, "--fields: "));
		assert_non_null(strstr(diag.text, rows[i][1]));
	}
}

static void test_every_outcome_is_in_the_schema(void **state)
{
	(void)state;
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		char quoted[64] = "\"";
		strcat(quoted, fields_get_outcome_name((enum outcome)i));
		strcat(quoted, "\"");
		assert_non_null(strstr(fields_get_row(FIELD_outcome)->limits, quoted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_are_well_formed),
	    cmocka_unit_test(test_default_is_all_but_what_must_be_asked_for),
	    cmocka_unit_test(test_a_list_keeps_its_order),
	    cmocka_unit_test(test_bad_lists_are_refused_by_name),
	    cmocka_unit_test(test_every_outcome_is_in_the_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
