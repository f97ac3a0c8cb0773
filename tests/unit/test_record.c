/* Claims about out/record: golden lines of each format, absence of what is unknown, and a bound on
 * the longest line. That any line is valid JSON is tests/out/records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "out/geo.h"
#include "out/record.h"
#include "tests/out/samples.h"

static char buf[RECORD_LINE_MAX];
static struct result result;

static struct record_view plain_view(void)
{
	memset(&result, 0, sizeof(result));
	result.target.addr = ipaddr_from_v4(0xc0000207);
	result.target.port = 8080;
	result.laddr = ipaddr_from_v4(0xc0000201);
	result.lport = 40000;
	result.synack_wall_ns = INT64_C(1795363200123456789);
	result.rtt_ns = 12345678;
	result.response_ns = 20000000;
	result.outcome = OUTCOME_IDENTIFIED;
	result.n_probes_sent = 1;
	result.ttl = 57;
	result.window = 65160;
	result.data_len = 5;
	memcpy(result.data, "a\"\r\n\xff", 5);
	static const uint8_t options[] = {
	    2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7};
	memcpy(result.tcp_options, options, sizeof(options));
	result.tcp_options_len = sizeof(options);
	result.verdict.protocol = "ipp";
	result.verdict.rule = "ipp-1";
	result.verdict.layers[0] = "tls";
	result.verdict.layers[1] = "http";
	result.verdict.confidence = 0.95F;
	result.verdict.captures[0] =
	    (struct sig_capture){.name = "product", .len = 4, .text = "CU\"S"};
	result.verdict.captures[1] = (struct sig_capture){.name = "realm", .len = 2, .text = "a,"};
	result.hyperack = (struct hyperack_evidence){HYPERACK_NO, 5, 1, 0};
	return (struct record_view){.result = &result, .probe_name = "http"};
}

static const char *put(const struct record_view *view, const char *fields)
{
	struct field_list list;
	assert_int_equal(fields_parse(fields, NULL, &list), 0);
	struct text t = text_make(buf, sizeof(buf) - 1);
	record_put_json(&t, view, &list);
	assert_false(t.is_full);
	buf[t.len] = '\0';
	return buf;
}

static void test_json_record_is_as_documented(void **state)
{
	(void)state;
	struct record_view view = plain_view();
	struct geo_record geo = {.country = {"CH", 2},
	    .city = {"Z\xc3\xbcrich", 7},
	    .lat_e4 = 473769,
	    .lon_e4 = -85417,
	    .has_position = true,
	    .asn = 64496,
	    .has_asn = true};
	view.geo = &geo;
	assert_string_equal(put(&view, NULL),
	    "{\"ip\":\"192.0.2.7\",\"port\":8080,\"ts\":\"2026-11-22T16:00:00.123456Z\","
	    "\"outcome\":\"identified\",\"protocol\":\"ipp\",\"confidence\":0.95,"
	    "\"layers\":[\"tls\",\"http\"],\"product\":\"CU\\\"S\",\"details\":{\"realm\":\"a,\"},"
	    "\"probe\":\"http\",\"probes_sent\":1,\"rtt_ms\":12.345,\"response_ms\":20.0,\"ttl\":57,"
	    "\"window\":65160,\"tcp_options\":[\"mss\",\"sackOK\",\"ts\",\"nop\",\"wscale\"],"
	    "\"server_first\":false,"
	    "\"hyperacktive\":{\"verdict\":false,\"tested\":5,\"synack\":1,\"acked_data\":0},"
	    "\"data\":\"YSINCv8=\",\"banner\":\"a\\\"\\\\r\\\\n\\\\xff\","
	    "\"country\":\"CH\",\"city\":\"Z\xc3\xbcrich\",\"lat\":47.3769,\"lon\":-8.5417,\"asn\":64496}\n");
}

static void test_unknown_is_absent(void **state)
{
	(void)state;
	struct record_view view = plain_view();
	memset(&result.verdict, 0, sizeof(result.verdict));
	memset(&result.hyperack, 0, sizeof(result.hyperack));
	result.outcome = OUTCOME_SILENT;
	result.rtt_ns = result.response_ns = -1;
	result.data_len = 0;
	result.ttl = 0;
	view.probe_name = NULL;
	assert_string_equal(put(&view, "all"),
	    "{\"ip\":\"192.0.2.7\",\"port\":8080,\"ts\":\"2026-11-22T16:00:00.123456Z\","
	    "\"outcome\":\"silent\",\"probes_sent\":1,\"window\":65160,\"source_ip\":\"192.0.2.1\","
	    "\"source_port\":40000}\n");
	assert_string_equal(put(&view, "protocol,data"), "{}\n");
}

static void test_fields_choose_and_order(void **state)
{
	(void)state;
	struct record_view view = plain_view();
	assert_string_equal(put(&view, "rule,port,ip"),
	    "{\"rule\":\"ipp-1\",\"port\":8080,\"ip\":\"192.0.2.7\"}\n");
}

static void test_tcp_options_are_named_and_malformed_ones_end_the_list(void **state)
{
	(void)state;
	static const struct {
		uint8_t raw[16];
		uint8_t len;
		const char *want;
	} rows[] = {
	    {{0}, 0, "[]"},
	    {{1, 1, 0, 99}, 4, "[\"nop\",\"nop\",\"eol\"]"},
	    {{254, 4, 1, 2, 34, 2}, 6, "[\"unknown-254\",\"tfo\"]"},
	    {{2, 0}, 2, "[\"bad\"]"},
	    {{1, 2, 5, 1}, 4, "[\"nop\",\"bad\"]"},
	    {{8}, 1, "[\"bad\"]"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record_view view = plain_view();
		memcpy(result.tcp_options, rows[i].raw, sizeof(rows[i].raw));
		result.tcp_options_len = rows[i].len;
		char want[128];
		snprintf(want, sizeof(want), "{\"tcp_options\":%s}\n", rows[i].want);
		assert_string_equal(put(&view, "tcp_options"), want);
	}
}

static void test_a_capture_named_twice_is_written_once(void **state)
{
	(void)state;
	struct record_view view = plain_view();
	result.verdict.captures[2] = (struct sig_capture){.name = "realm", .len = 1, .text = "z"};
	result.verdict.captures[3] = (struct sig_capture){.name = "product", .len = 1, .text = "z"};
	assert_string_equal(put(&view, "product,details"),
	    "{\"product\":\"CU\\\"S\",\"details\":{\"realm\":\"a,\"}}\n");
}

static void test_csv_quotes_as_rfc_4180(void **state)
{
	(void)state;
	struct record_view view = plain_view();
	struct field_list list;
	assert_int_equal(
	    fields_parse(
		"ip,port,product,version,layers,banner,details,rtt_ms,server_first", NULL, &list),
	    0);
	struct text t = text_make(buf, sizeof(buf) - 1);
	record_put_csv_header(&t, &list);
	record_put_csv(&t, &view, &list);
	buf[t.len] = '\0';
	assert_string_equal(buf,
	    "ip,port,product,version,layers,banner,details,rtt_ms,server_first\n"
	    "192.0.2.7,8080,\"CU\"\"S\",,\"[\"\"tls\"\",\"\"http\"\"]\",\"a\"\"\\r\\n\\xff\","
	    "\"{\"\"realm\"\":\"\"a,\"\"}\",12.345,false\n");
}

static void test_lzr_and_zgrab_lines(void **state)
{
	(void)state;
	struct record_view view = plain_view();
	result.hyperack.verdict = HYPERACK_YES;
	struct text t = text_make(buf, sizeof(buf) - 1);
	record_put_lzr(&t, &view);
	record_put_zgrab(&t, &view);
	buf[t.len] = '\0';
	assert_string_equal(buf,
	    "{\"saddr\":\"192.0.2.7\",\"daddr\":\"192.0.2.1\",\"sport\":8080,\"dport\":40000,"
	    "\"window\":65160,\"ttl\":57,\"ACK\":true,\"ACKed\":true,\"SYN\":false,\"RST\":false,"
	    "\"FIN\":false,\"PUSH\":true,\"HandshakeNum\":0,\"fingerprint\":\"ipp\","
	    "\"Timestamp\":\"2026-11-22T16:00:00.123456Z\",\"expectedRToLZR\":\"data\","
	    "\"data\":\"a\\\"\\u000d\\u000a\\ufffd\",\"ackingFirewall\":true}\n"
	    "192.0.2.7,,ipp,8080\n");
	t = text_make(buf, sizeof(buf) - 1);
	result.outcome = OUTCOME_UNIDENTIFIED;
	record_put_zgrab(&t, &view);
	assert_int_equal(t.len, 0);
	record_put_lzr(&t, &view);
	buf[t.len] = '\0';
	assert_non_null(strstr(buf, "\"fingerprint\":\"unknown\""));
}

static void test_the_longest_line_has_room_to_spare(void **state)
{
	(void)state;
	static char long_text[1000];
	memset(long_text, 0x03, sizeof(long_text));
	struct geo_record geo = {.country = {long_text, 1000},
	    .city = {long_text, 1000},
	    .as_org = {long_text, 1000},
	    .lat_e4 = -900000,
	    .lon_e4 = -1800000,
	    .has_position = true,
	    .asn = UINT32_MAX,
	    .has_asn = true};
	sample_make(&result, SAMPLE_WORST, 1);
	struct record_view view = {
	    .result = &result, .probe_name = result.verdict.protocol, .geo = &geo};
	struct field_list all;
	assert_int_equal(fields_parse("all", NULL, &all), 0);
	struct text json = text_make(buf, sizeof(buf));
	record_put_json(&json, &view, &all);
	assert_false(json.is_full);
	struct text csv = text_make(buf, sizeof(buf));
	record_put_csv(&csv, &view, &all);
	assert_false(csv.is_full);
	struct text lzr = text_make(buf, sizeof(buf));
	record_put_lzr(&lzr, &view);
	assert_false(lzr.is_full);
	size_t longest = json.len > csv.len ? json.len : csv.len;
	longest = longest > lzr.len ? longest : lzr.len;
	assert_true(longest < RECORD_LINE_MAX * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_json_record_is_as_documented),
	    cmocka_unit_test(test_unknown_is_absent),
	    cmocka_unit_test(test_fields_choose_and_order),
	    cmocka_unit_test(test_tcp_options_are_named_and_malformed_ones_end_the_list),
	    cmocka_unit_test(test_a_capture_named_twice_is_written_once),
	    cmocka_unit_test(test_csv_quotes_as_rfc_4180),
	    cmocka_unit_test(test_lzr_and_zgrab_lines),
	    cmocka_unit_test(test_the_longest_line_has_room_to_spare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
