/* Claims about out/record_recall: it writes what record_put_json() writes, whatever came before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "out/geo.h"
#include "out/record_recall.h"
#include "tests/out/samples.h"

static char want[RECORD_LINE_MAX], got[RECORD_LINE_MAX];
static struct result result;
static const char *const probe_names[] = {NULL, "http", "tls"};

static const struct geo_record swiss = {.country = {"CH", 2}, .asn = 64496, .has_asn = true};

/* One list of fields, and what recalls records of it. */
struct side {
	struct field_list list;
	struct record_recall *recall;
	const char *probe_name;
	const struct geo_record *geo;
};

static struct side make_side(const char *fields)
{
	struct side side = {.probe_name = "http"};
	assert_int_equal(fields_parse(fields, NULL, &side.list), 0);
	assert_int_equal(record_recall_create(&side.list, &side.recall), 0);
	return side;
}

/* Both write the same of result; how often it has come is the caller's matter. */
static void check(const struct side *side)
{
	struct record_view view = {&result, side->probe_name, side->geo};
	struct text a = text_make(want, sizeof(want)), b = text_make(got, sizeof(got));
	record_put_json(&a, &view, &side->list);
	record_recall_put_json(side->recall, &b, &view);
	assert_false(b.is_full);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(want, got, a.len);
}

/* With the change that was just made, from strange to known. */
static void check_changed(const struct side *side)
{
	for (int i = 0; i < 4; i++)
		check(side);
}

/* Members that may not hold any bits: changed one by one below. Pointers, enumerations, lengths, flags. */
static bool is_free(size_t off)
{
#define RANGE(member)                                                                              \
	{                                                                                          \
		offsetof(struct result, member),                                                   \
		    offsetof(struct result, member) + sizeof(((struct result *)0)->member)         \
	}
	static const size_t ranges[][2] = {RANGE(outcome), RANGE(is_server_first), RANGE(is_decoy),
	    RANGE(is_pseudo_service), RANGE(is_aliased_prefix), RANGE(is_truncated),
	    RANGE(tcp_options_len), RANGE(hyperack.verdict), RANGE(verdict.protocol),
	    RANGE(verdict.rule), RANGE(verdict.layers), RANGE(verdict.candidates),
	    RANGE(verdict.is_settled), RANGE(room), RANGE(data_len)};
#undef RANGE
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (off >= ranges[i][0] && off < ranges[i][1])
			return false;
	size_t at = offsetof(struct result, verdict.captures);
	if (off >= at && off < at + sizeof(result.verdict.captures))
		return (off - at) % sizeof(struct sig_capture) >= sizeof(char *);
	return off < offsetof(struct result, data) + result.data_len;
}

static void test_each_byte_of_a_result_counts(void **state)
{
	(void)state;
	struct side side = make_side(NULL);
	sample_make(&result, SAMPLE_PLAIN, 3);
	check_changed(&side);
	uint8_t *bytes = (uint8_t *)&result;
	size_t n_tried = 0;
	for (size_t off = 0; off < offsetof(struct result, data) + result.data_len; off++) {
		if (!is_free(off))
			continue;
		uint8_t before = bytes[off];
		bytes[off] ^= (uint8_t)(1u << off % 7);
		check_changed(&side);
		bytes[off] = before;
		check(&side);
		n_tried++;
	}
	assert_in_range(n_tried, 400, sizeof(result));
	record_recall_destroy(side.recall);
}

/* Changes a name to another, and to none. */
static void check_name(const struct side *side, const char **name)
{
	const char *before = *name;
	*name = before ? NULL : "dns";
	check_changed(side);
	*name = "other";
	check_changed(side);
	*name = before;
	check(side);
}

static void test_names_lengths_and_flags_count(void **state)
{
	(void)state;
	struct side side = make_side(NULL);
	sample_make(&result, SAMPLE_PLAIN, 4);
	struct sig_verdict *v = &result.verdict;
	check_changed(&side);
	check_name(&side, &v->protocol);
	check_name(&side, &v->rule);
	for (size_t i = 0; i < SIG_LAYERS_MAX; i++)
		check_name(&side, &v->layers[i]);
	for (size_t i = 0; i < SIG_CANDIDATES_MAX; i++)
		check_name(&side, &v->candidates[i]);
	for (size_t i = 0; i < SIG_CAPTURES_MAX; i++)
		check_name(&side, &v->captures[i].name);
	for (size_t i = 0; i < 3; i++) {
		side.probe_name = probe_names[i];
		check_changed(&side);
	}
	for (uint8_t i = 0; i < OUTCOME_COUNT; i++) {
		result.outcome = i;
		check_changed(&side);
	}
	result.outcome = OUTCOME_IDENTIFIED;
	for (uint8_t i = 0; i < HYPERACK_VERDICT_COUNT; i++) {
		result.hyperack.verdict = i;
		check_changed(&side);
	}
	bool *const flags[] = {&result.is_server_first, &result.is_decoy, &result.is_pseudo_service,
	    &result.is_aliased_prefix, &result.is_truncated};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		*flags[i] = !*flags[i];
		check_changed(&side);
		*flags[i] = !*flags[i];
		check(&side);
	}
	for (size_t n = result.data_len + 1; n-- > 0;) {
		result.data_len = (uint16_t)n;
		check_changed(&side);
	}
	record_recall_destroy(side.recall);
}

static void test_any_results_in_any_order_with_any_fields(void **state)
{
	(void)state;
	enum { NAMES = 150, ROUNDS = 6000 };
	static const char *const lists[] = {NULL, "data,banner", "banner,data_truncated,data,ip",
	    "protocol", "protocol,confidence,ip,product,version",
	    "product,version,details,country,asn", "port,probe,probes_sent,window",
	    "outcome,protocol,rule,confidence,layers,candidates,lat,city"};
	uint64_t s = 17;
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		struct side side = make_side(lists[l]);
		for (int i = 0; i < ROUNDS; i++) {
			/* Some come often, some hardly ever. */
			uint64_t name = sample_next(&s) % (1 + sample_next(&s) % NAMES);
			memset(&result, 0, sizeof(result));
			sample_make(&result, name % 2 ? SAMPLE_HOSTILE : SAMPLE_PLAIN, name);
			if (result.data_len > 40 && name % 3) /* as long as what is kept, or not */
				result.data_len = (uint16_t)(result.data_len % 1300);
			side.probe_name = probe_names[name % 3];
			side.geo = name % 5 ? NULL : &swiss;
			check(&side);
		}
		record_recall_destroy(side.recall);
	}
}

static void test_the_longest_record_is_written_as_it_is(void **state)
{
	(void)state;
	struct side side = make_side(NULL);
	for (uint64_t seed = 0; seed < 3; seed++) {
		sample_make(&result, SAMPLE_WORST, seed);
		check_changed(&side);
		result.data_len = 1024; /* the longest that is kept, of bytes that take most room */
		check_changed(&side);
	}
	record_recall_destroy(side.recall);
	record_recall_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_byte_of_a_result_counts),
	    cmocka_unit_test(test_names_lengths_and_flags_count),
	    cmocka_unit_test(test_any_results_in_any_order_with_any_fields),
	    cmocka_unit_test(test_the_longest_record_is_written_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
