/* Claims about out/metadata: valid JSON whatever the texts, complete at the end, bounded lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "out/json.h"
#include "out/metadata.h"

static char buf[METADATA_TEXT_MAX];

static struct json_object *put(const struct metadata *m, size_t cap)
{
	struct text t = text_make(buf, cap);
	metadata_put(&t, m);
	assert_false(t.is_full);
	assert_null(memchr(buf, '\n', t.len));
	struct json_object *object = NULL;
	assert_int_equal(json_object_parse(buf, t.len, NULL, &object), 0);
	return object;
}

static void assert_string(const struct json_object *object, const char *key, const char *want)
{
	size_t len;
	const char *got = json_object_get_string(object, key, &len);
	assert_non_null(got);
	assert_string_equal(got, want);
}

static void assert_printed(const struct json_object *object, const char *key, const char *want)
{
	char *got = json_object_print(object, key);
	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static void test_start_holds_what_is_needed_to_repeat(void **state)
{
	(void)state;
	struct metadata m = {.version = "1.2.3",
	    .command = "scan",
	    .config_json = "{\"rate\":10000}",
	    .seed = UINT64_MAX,
	    .start_wall_ns = INT64_C(1795363200000000000)};
	struct json_object *object = put(&m, sizeof(buf));
	assert_string(object, "version", "1.2.3");
	assert_string(object, "seed", "18446744073709551615");
	assert_string(object, "start", "2026-11-22T16:00:00.000000Z");
	assert_printed(object, "config", "{\"rate\":10000}");
	assert_false(json_object_has(object, "end"));
	assert_false(json_object_has(object, "exit_status"));
	assert_false(json_object_has(object, "counters"));
	json_object_destroy(object);
}

static void test_end_says_how_and_what(void **state)
{
	(void)state;
	struct counters_snapshot counters = {0};
	counters.v[COUNTER_syn_sent] = UINT64_C(1) << 40;
	struct writer_summary written = {.n_records = 7, .n_protocols = 1, .n_other_protocols = 2};
	written.by_outcome[OUTCOME_RESET] = 4;
	written.by_protocol[0] = (struct writer_tally){"http", 3};
	struct metadata m = {.version = "1",
	    .command = "scan",
	    .start_wall_ns = 1,
	    .end_wall_ns = INT64_C(1795363200000000000),
	    .end = "failed",
	    .error = "a\xff\n: no \"space\"",
	    .exit_status = 1,
	    .counters = &counters,
	    .written = &written};
	struct json_object *object = put(&m, sizeof(buf));
	assert_string(object, "end", "2026-11-22T16:00:00.000000Z");
	assert_string(object, "ended", "failed");
	assert_string(object, "error", "a\\xff\\n: no \"space\"");
	assert_printed(object, "exit_status", "1");
	assert_printed(object, "records", "7");
	assert_printed(object, "protocols", "{\"http\":3}");
	assert_printed(object, "protocols_untold", "2");
	assert_printed(object, "databases", "[]");
	char *printed = json_object_print(object, "counters");
	assert_non_null(strstr(printed, "\"syn_sent\":1099511627776"));
	free(printed);
	printed = json_object_print(object, "outcomes");
	assert_non_null(strstr(printed, "\"reset\":4"));
	free(printed);
	json_object_destroy(object);
}

static void put_numbers(struct text *t, void *ctx)
{
	for (int i = 0; i < *(int *)ctx; i++)
		text_putf(t, i ? ",%d" : "%d", i);
}

static void test_lists_are_kept_or_left_out_whole(void **state)
{
	(void)state;
	int few = 3, many = 10000;
	struct metadata_list lists[] = {{"few", put_numbers, &few}, {"many", put_numbers, &many}};
	struct metadata m = {.version = "1", .command = "scan", .lists = lists, .n_lists = 2};
	struct json_object *object = put(&m, sizeof(buf));
	assert_printed(object, "few", "[0,1,2]");
	assert_true(json_object_has(object, "many"));
	assert_false(json_object_has(object, "lists_cut"));
	json_object_destroy(object);
	object = put(&m, 2000);
	assert_printed(object, "few", "[0,1,2]");
	assert_false(json_object_has(object, "many"));
	assert_printed(object, "lists_cut", "true");
	json_object_destroy(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_start_holds_what_is_needed_to_repeat),
	    cmocka_unit_test(test_end_says_how_and_what),
	    cmocka_unit_test(test_lists_are_kept_or_left_out_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
